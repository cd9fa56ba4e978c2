//! A median with its quartiles.

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Spread {
    /// Returns the median and quartiles of at least one value.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * (sorted.len() - 1) as f64;
            let below = place as usize;
            let above = (below + 1).min(sorted.len() - 1);
            sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
        };
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }

    pub fn show(&self) -> String {
        format!("{} ({}–{})", number(self.median), number(self.low), number(self.high))
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// Formats a number with about three digits.
pub fn number(x: f64) -> String {
    match x {
        _ if x < 10.0 => format!("{x:.2}"),
        _ if x < 100.0 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}

#[test]
fn quartiles() {
    let spread = Spread::of(&[5.0, 1.0, 4.0, 2.0, 3.0]);
    assert_eq!(spread, Spread { low: 2.0, median: 3.0, high: 4.0 });
    assert_eq!(Spread::of(&[7.0]).show(), "7.00 (7.00–7.00)");
    assert_eq!(Spread::of(&[100.0, 101.0]).median, 100.5);
}
