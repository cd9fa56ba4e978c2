use corepool::rt::{self, Builder};
use std::time::{Duration, Instant};

#[test]
fn smoke() {
    for n in [1, 2, 4] {
        let rt = Builder::new().workers(n).build().unwrap();
        let v = rt.block_on(async {
            let hs: Vec<_> = (0..1000u64).map(|i| rt::spawn(async move { rt::yield_now().await; i })).collect();
            let mut s = 0;
            for h in hs { s += h.await.unwrap(); }
            let t = Instant::now();
            rt::sleep(Duration::from_millis(20)).await;
            assert!(t.elapsed() >= Duration::from_millis(20));
            s
        });
        assert_eq!(v, 499500);
        let h = rt.spawn(async { panic!("boo") });
        assert!(rt.block_on(h).unwrap_err().is_panic());
        eprintln!("{:#?}", rt.metrics());
        assert!(rt.shutdown(Duration::from_secs(5)));
        assert!(rt.block_on(rt.spawn(async {})).unwrap_err().is_cancelled());
    }
}

#[test]
fn hogs() {
    let rt = Builder::new().workers(2).build().unwrap();
    let t = Instant::now();
    let h = rt.spawn(async {
        for _ in 0..6 { drop(rt::spawn(async { std::thread::sleep(Duration::from_secs(2)) })); }
        rt::sleep(Duration::from_millis(500)).await;
        rt::spawn(async { 7 }).await.unwrap()
    });
    assert_eq!(rt.block_on(h).unwrap(), 7);
    eprintln!("{:?} {:#?}", t.elapsed(), rt.metrics());
    drop(rt);
    eprintln!("{:?}", t.elapsed());
}
