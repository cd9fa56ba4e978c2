//! A live page of the metrics of pools and runtimes, and `/metrics` for Prometheus, served by corepool's own
//! runtime and sockets.
//!
//! ```console
//! $ cd examples/dashboard
//! $ cargo run --release          # prints its address; a port may follow, as in `-- 8080`
//! ```

mod http;
mod load;

use std::{env, io, net::Ipv4Addr, sync::Arc};

use corepool::{
    metrics::Guard,
    rt::{Builder, net::TcpListener},
};
use http::Response;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

const PAGE: &str = include_str!("page.html");

/// What the paths of this server lead to.
struct Site {
    metrics: Guard,
    prometheus: PrometheusHandle,
}

impl Site {
    fn get(&self, path: &str) -> Response {
        match path {
            "/" => Response::ok("text/html; charset=utf-8", PAGE),
            "/metrics" => {
                // Otherwise the values would be up to a second old.
                self.metrics.update();
                Response::ok("text/plain; version=0.0.4", self.prometheus.render())
            }
            _ => Response::not_found(),
        }
    }
}

fn main() -> io::Result<()> {
    let port = match env::args().nth(1) {
        Some(port) => {
            port.parse().map_err(|_| io::Error::other("usage: corepool-dashboard [PORT]"))?
        }
        None => 0,
    };
    // The recorder comes first: it is told what the metrics mean.
    let recorder = PrometheusBuilder::new().build_recorder();
    let prometheus = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(io::Error::other)?;
    let site = Arc::new(Site { metrics: corepool::metrics::install()?, prometheus });

    let _load = load::start()?;
    let server = Builder::new().workers(1).thread_name("web").build()?;
    server.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        println!("http://{}", listener.local_addr()?);
        http::serve(listener, move |path| site.get(path)).await
    })
}
