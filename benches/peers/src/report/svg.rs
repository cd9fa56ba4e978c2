//! SVG plots, with a background of their own, which is light or dark like the reader's system.

const STYLE: &str = "\
text { font: 12px sans-serif; fill: #24292f } .ground { fill: #ffffff; stroke: #d0d7de } .soft { fill: #57606a } \
.ours { fill: #0f766e } .ours2 { fill: #5eb5ad } .other { fill: #8c959f } .other2 { fill: #c4cad0 } \
.rule { stroke: #d0d7de } .line { fill: none; stroke: #8c959f; stroke-width: 1.2 } \
.line.mine { stroke: #0f766e; stroke-width: 3 } .bold { font-weight: bold } .end { text-anchor: end } \
.middle { text-anchor: middle } \
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ground { fill: #161b22; stroke: #30363d } \
.soft { fill: #9da7b1 } .ours { fill: #2dd4bf } .ours2 { fill: #1c8a7d } .other { fill: #7d8590 } \
.other2 { fill: #4b535c } .rule { stroke: #30363d } .line { stroke: #7d8590 } .line.mine { stroke: #2dd4bf } }";

pub struct Plot {
    body: String,
    width: f64,
    height: f64,
}

impl Plot {
    pub fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    pub fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        self.body += &format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>\n");
    }

    pub fn bar(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        self.body += &format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>\n"
        );
    }

    pub fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.body += &format!("<polyline class=\"{class}\" points=\"{}\"/>\n", points.join(" "));
    }

    pub fn finish(self) -> String {
        let Self { body, width, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\">\n<style>{STYLE}</style>\n<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{}\" \
             height=\"{}\" rx=\"6\"/>\n{body}</svg>\n",
            width - 1.0,
            height - 1.0,
        )
    }
}
