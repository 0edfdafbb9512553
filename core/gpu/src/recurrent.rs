//! The shader of an LSTM: a thread for each unit, one sample after another.
//!
//! Nothing is parallel along time, so a lane is as slow as its chain of samples, and a
//! card is filled by lanes alone. What passes between units goes through the memory
//! of the group, one barrier a layer and sample; the output is summed for a tile of
//! samples at once, so that nobody waits for it.

use std::fmt::Write;

use nn::Recurrent;

use crate::Error;
use crate::functions::library;
use crate::kernel::{BINDINGS, GROUP, Grid, Kernel, Shader};

/// Threads of the widest group every card runs.
const MAX_UNITS: usize = 256;
/// Floats of the memory of a group that every card has.
const MAX_SHARED: usize = 4096;
/// Samples of the longest tile.
const TILE: usize = 32;
/// Vectors of weights a thread may keep in registers.
const REGISTERS: usize = 48;

/// What the shader depends on.
#[derive(Clone, Copy)]
struct Shape {
    hidden: usize,
    layers: usize,
    /// Lanes of a group.
    lanes: usize,
    /// Samples of a tile.
    tile: usize,
}

pub(crate) fn kernel(net: &Recurrent, block: usize) -> Result<Kernel, Error> {
    let (hidden, layers) = (net.hidden, net.layers.len());
    if hidden > MAX_UNITS {
        return Err(Error::unsupported("LSTM", "at most 256 units", hidden));
    }
    let lanes = (GROUP / hidden).max(1);
    let fits = |tile: &usize| shared(hidden, layers, lanes, *tile) <= MAX_SHARED;
    let Some(tile) = [TILE, TILE / 2, TILE / 4, TILE / 8].into_iter().find(fits) else {
        let found = format!("{layers} layers of {hidden}");
        return Err(Error::unsupported("LSTM", "layers that fit a group's memory", found));
    };
    let shape = Shape { hidden, layers, lanes, tile };
    Ok(Kernel {
        shader: shader(shape).into(),
        grid: Grid::Lanes(lanes),
        resting: 2 * layers * hidden,
        state: 2 * layers * hidden,
        weights: pack(net).into(),
        block,
        macs: net.macs(),
        receptive_field: None,
    })
}

/// Floats of the memory of a group: two `h` of every unit, a tile of the last layer's,
/// and a tile of input.
fn shared(hidden: usize, layers: usize, lanes: usize, tile: usize) -> usize {
    lanes * (2 * layers * hidden + tile * hidden + tile)
}

/// Input by input, the four gates of every unit as one vector; then the biases; after
/// the layers the head, its bias, and the state of silence.
fn pack(net: &Recurrent) -> Vec<f32> {
    let h = net.hidden;
    let mut out = Vec::new();
    for layer in &net.layers {
        let wide = layer.inputs + h;
        for k in 0..wide {
            out.extend(
                (0..h).flat_map(|u| (0..4).map(move |g| layer.matrix[(g * h + u) * wide + k])),
            );
        }
        out.extend((0..h).flat_map(|u| (0..4).map(move |g| layer.bias[g * h + u])));
    }
    out.extend_from_slice(&net.head);
    out.push(net.bias);
    out.resize(out.len().next_multiple_of(4), 0.0);
    for layer in &net.layers {
        out.extend(layer.h.iter().chain(&layer.c));
    }
    out.resize(out.len().next_multiple_of(4), 0.0);
    out
}

impl Shape {
    fn inputs(&self, layer: usize) -> usize {
        if layer == 0 { 1 } else { self.hidden }
    }

    /// Vectors before the weights of a layer.
    fn place(&self, layer: usize) -> usize {
        (0..layer).map(|i| (self.inputs(i) + self.hidden + 1) * self.hidden).sum()
    }

    /// Vectors before the state of silence.
    fn resting(&self) -> usize {
        self.place(self.layers) + (self.hidden + 1).div_ceil(4)
    }

    /// Whether a thread keeps all its weights in registers.
    fn resident(&self) -> bool {
        (0..self.layers).map(|i| self.inputs(i) + self.hidden).sum::<usize>() <= REGISTERS
    }
}

fn shader(shape: Shape) -> Shader {
    let Shape { hidden, layers, lanes, tile } = shape;
    let state = 2 * layers * hidden;
    let mut head = format!("alias V = vec4<f32>;\n{BINDINGS}");
    head += &library();
    let _ = write!(
        head,
        "var<workgroup> H: array<f32, {}>;
var<workgroup> T: array<f32, {}>;
var<workgroup> I: array<f32, {}>;
",
        2 * layers * lanes * hidden,
        tile * lanes * hidden,
        tile * lanes
    );
    let rest = format!(
        "@compute @workgroup_size({GROUP})
fn rest(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>) {{
    let t = g.x * {GROUP}u + l.x;
    if (t < {state}u) {{ S[g.y * {state}u + t] = W[L[g.y].weights + {}u + t / 4u][t % 4u]; }}
}}
",
        shape.resting()
    );
    Shader { head, rest, steps: vec![run(shape)] }
}

/// The entry point that runs a block.
fn run(shape: Shape) -> String {
    let Shape { hidden, layers, lanes, tile } = shape;
    let wide = lanes * hidden;
    let state = 2 * layers * hidden;
    let mut text = format!(
        "@compute @workgroup_size({wide})
fn step(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>) {{
    let u = l.x % {hidden}u;
    let slot = l.x / {hidden}u;
    let live = g.x * {lanes}u + slot < B.lanes;
    let number = min(g.x * {lanes}u + slot, B.lanes - 1u);
    let w = L[number].weights;
    let source = L[number].input * B.stride + B.start;
    let into = number * B.stride + B.start;
    let s = number * {state}u + u;
    var old = 0u;
"
    );
    for i in 0..layers {
        let _ = write!(
            text,
            "    H[{}u + l.x] = S[s + {}u];\n    var c{i} = S[s + {}u];\n",
            2 * i * wide,
            2 * i * hidden,
            (2 * i + 1) * hidden
        );
        if shape.resident() {
            for k in 0..shape.inputs(i) + hidden {
                let at = shape.place(i) + k * hidden;
                let _ = writeln!(text, "    let w{i}_{k} = W[w + {at}u + u];");
            }
        }
    }
    let _ = write!(
        text,
        "    for (var t = 0u; t < B.frames; t += {tile}u) {{
    let n = min({tile}u, B.frames - t);
    for (var k = u; k < n; k += {hidden}u) {{ I[slot * {tile}u + k] = X[source + t + k]; }}
    workgroupBarrier();
    for (var k = 0u; k < n; k++) {{
    let x = I[slot * {tile}u + k];
    let new_ = {wide}u - old;
"
    );
    for i in 0..layers {
        layer(&mut text, shape, i);
    }
    text += "    old = new_;\n    }\n";
    head(&mut text, shape);
    text += "    }\n    if (live) {\n";
    for i in 0..layers {
        let _ = write!(
            text,
            "    S[s + {}u] = H[{}u + old + l.x];\n    S[s + {}u] = c{i};\n",
            2 * i * hidden,
            2 * i * wide,
            (2 * i + 1) * hidden
        );
    }
    text + "    }\n}\n"
}

/// A sample of one layer; gates in the order of the file.
fn layer(text: &mut String, shape: Shape, i: usize) {
    let Shape { hidden, layers, lanes, .. } = shape;
    let wide = lanes * hidden;
    let (inputs, place) = (shape.inputs(i), shape.place(i));
    let own = format!("{}u + old + slot * {hidden}u", 2 * i * wide);
    let below = format!("{}u + new_ + slot * {hidden}u", 2 * i.saturating_sub(1) * wide);
    let _ =
        writeln!(text, "    {{\n    var z = W[w + {}u + u];", place + (inputs + hidden) * hidden);
    let value = |k: &str, below_: bool| match (below_, i) {
        (true, 0) => "x".to_owned(),
        (true, _) => format!("H[{below} + {k}]"),
        (false, _) => format!("H[{own} + {k}]"),
    };
    for (from, count, is_below) in [(0, inputs, true), (inputs, hidden, false)] {
        if shape.resident() {
            for k in 0..count {
                let v = value(&format!("{k}u"), is_below);
                let _ = writeln!(text, "    z = fma(V({v}), w{i}_{}, z);", from + k);
            }
        } else {
            let at = place + from * hidden;
            let _ = writeln!(
                text,
                "    for (var j = 0u; j < {count}u; j++) {{ z = fma(V({}), W[w + {at}u + j * {hidden}u + u], z); }}",
                value("j", is_below)
            );
        }
    }
    // One tanh serves all gates: a sigmoid is half of that of half, and a half.
    let _ = write!(
        text,
        "    let a = fma(tanh_precise(z * V(0.5, 0.5, 1.0, 0.5)), V(0.5, 0.5, 1.0, 0.5), V(0.5, 0.5, 0.0, 0.5));
    c{i} = clamp(fma(a.y, c{i}, a.x * a.z), -{max:?}f, {max:?}f);
    let h = a.w * tanh_precise(V(c{i})).x;
    H[{}u + new_ + l.x] = h;
",
        2 * i * wide,
        max = Recurrent::MAX_CELL
    );
    if i + 1 == layers {
        let _ = writeln!(text, "    T[k * {wide}u + l.x] = h;");
    }
    text.push_str("    }\n    workgroupBarrier();\n");
}

/// The outputs of a tile, shared out among the units of a lane.
fn head(text: &mut String, shape: Shape) {
    let Shape { hidden, layers, lanes, .. } = shape;
    let (wide, at) = (lanes * hidden, shape.place(layers));
    let weight = |k: &str| format!("W[w + {at}u + {k} / 4u][{k} % 4u]");
    let _ = write!(
        text,
        "    for (var k = u; k < n; k += {hidden}u) {{
    var y = {};
    for (var j = 0u; j < {hidden}u; j++) {{
        y = fma({}, T[k * {wide}u + slot * {hidden}u + j], y);
    }}
    if (live) {{ Y[into + t + k] = y; }}
    }}
    workgroupBarrier();
",
        weight(&format!("{hidden}u")),
        weight("j")
    );
}
