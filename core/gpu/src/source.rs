//! Writes the shader of a program: an entry point for every stage.
//!
//! A thread computes [`frames`] frames, a group apart, as the components of one vector
//! `V`, so that every weight it loads serves all of them and every access of a group is
//! to neighbouring floats. Signals that do not leave a stage are variables.

use std::collections::BTreeSet;
use std::fmt::Write;

use nn::Activation;
use nn::program::{Finish, Id, Mac, Op, PAD, Pairing, Program, Tap};

use crate::functions::{activations, call, library, literal};
use crate::kernel::{BINDINGS, GROUP, Shader};
use crate::pack::Packed;
use crate::plan::{Plan, Ring, Stage, reads, writes};

/// Inputs from which on a tap is a loop over what lies in memory; fewer are written out,
/// and so is what lies in variables, for those cannot be counted through.
const LOOP: usize = 5;

/// How a shader is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// The most frames of a thread: 1, 2 or 4.
    pub(crate) frames: usize,
    /// With loops over variables: ten times faster to compile for a processor, slower on
    /// a card, which would move the variables out of its registers.
    pub(crate) compact: bool,
}

/// Frames of a thread at most: as many as leave its signals in registers.
pub(crate) fn frames(program: &Program) -> usize {
    match program.buffers.iter().map(|b| b.rows).max().unwrap_or(1) {
        ..=16 => 4,
        17..=32 => 2,
        _ => 1,
    }
}

/// The whole shader.
pub(crate) fn shader(program: &Program, plan: &Plan, packed: &Packed, form: Form) -> Shader {
    let frames = form.frames;
    let vector = if frames == 1 { "f32".to_owned() } else { format!("vec{frames}<f32>") };
    let mut head = format!("alias V = {vector};\n{BINDINGS}");
    head += &library();
    head += &activations();
    head += &access(frames);
    let step = |stage| {
        let (text, have) = (String::new(), BTreeSet::new());
        let mut writer = Writer { program, plan, packed, text, have, compact: form.compact };
        writer.stage(stage, frames);
        writer.text
    };
    Shader { head, rest: rest(plan, packed), steps: plan.stages.iter().map(step).collect() }
}

/// How a thread's frames are read and written.
fn access(frames: usize) -> String {
    let later = |k: usize| if k == 0 { String::new() } else { format!(" + {}u", k * GROUP) };
    let each = |of: &dyn Fn(usize) -> String| (0..frames).map(of).collect::<Vec<_>>();
    let ring = each(&|k| format!("S[row + ((at{}) & mask)]", later(k))).join(", ");
    let line = each(&|k| format!("X[at{}]", later(k))).join(", ");
    let part = |k: usize| match frames {
        1 => "v".to_owned(),
        _ => format!("v.{}", ["x", "y", "z", "w"][k]),
    };
    // Frames after the end of the block are not written.
    let kept = |k: usize, store: String| match k {
        0 => format!("    {store}\n"),
        _ => format!("    if (left > {}u) {{ {store} }}\n", k * GROUP),
    };
    let put = |k| kept(k, format!("S[row + ((at{}) & mask)] = {};", later(k), part(k)));
    let out = |k| kept(k, format!("Y[at{}] = {};", later(k), part(k)));
    format!(
        "fn read_ring(row: u32, at: u32, mask: u32) -> V {{ return V({ring}); }}
fn read_input(at: u32) -> V {{ return V({line}); }}
fn write_ring(row: u32, at: u32, mask: u32, left: u32, v: V) {{\n{}}}
fn write_output(at: u32, left: u32, v: V) {{\n{}}}
",
        each(&put).concat(),
        each(&out).concat()
    )
}

/// Fills every past with what silence leaves there.
fn rest(plan: &Plan, packed: &Packed) -> String {
    let mut text = format!(
        "@compute @workgroup_size({GROUP})
fn rest(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>) {{
    let t = g.x * {GROUP}u + l.x;
    let lane = L[g.y];
    let s = g.y * {}u;
",
        plan.floats
    );
    for (ring, place) in plan.rings.iter().zip(&packed.rest) {
        let Some(Ring { offset, frames, rows, past: true }) = ring else { continue };
        let _ = write!(
            text,
            "    if (t < {frames}u) {{
        for (var r = 0u; r < {rows}u; r++) {{
            S[s + {offset}u + r * {frames}u + t] = W[lane.weights + {}u + r / 4u][r % 4u];
        }}
    }}
",
            place / 4
        );
    }
    text + "}\n"
}

/// Writes one stage. Writing to a `String` cannot fail.
struct Writer<'a> {
    program: &'a Program,
    plan: &'a Plan,
    packed: &'a Packed,
    text: String,
    /// Signals whose present frame is in variables.
    have: BTreeSet<usize>,
    /// Whether loops run over variables, too.
    compact: bool,
}

impl Writer<'_> {
    fn stage(&mut self, stage: &Stage, frames: usize) {
        let floats = self.plan.floats;
        let _ = write!(
            self.text,
            "@compute @workgroup_size({GROUP})
fn step(@builtin(workgroup_id) g: vec3<u32>, @builtin(local_invocation_id) l: vec3<u32>) {{
    let t = g.x * {}u + l.x;
    if (t >= B.frames) {{ return; }}
    let left = B.frames - t;
    let now = B.now + t;
    let lane = L[g.y];
    let w = lane.weights;
    let s = g.y * {floats}u;
",
            frames * GROUP
        );
        self.declare(stage);
        let input = self.program.input;
        if stage.ops.start == 0 {
            let _ = writeln!(
                self.text,
                "    {} = read_input(lane.input * B.stride + B.start + t);",
                name(input, 0)
            );
            self.have.insert(input.0);
        }
        for i in stage.ops.clone() {
            self.op(i);
        }
        for id in &stage.stores {
            self.store(*id);
        }
        if stage.ops.end == self.program.ops.len() {
            self.own(self.program.output);
            let y = name(self.program.output, 0);
            let _ =
                writeln!(self.text, "    write_output(g.y * B.stride + B.start + t, left, {y});");
        }
        self.text += "}\n";
    }

    /// A variable for every row of every signal the stage touches.
    fn declare(&mut self, stage: &Stage) {
        let mut ids = BTreeSet::new();
        for op in &self.program.ops[stage.ops.clone()] {
            ids.extend(reads(op).into_iter().map(|id| id.0));
            ids.extend(writes(op).into_iter().flatten().map(|id| id.0));
        }
        if stage.ops.start == 0 {
            ids.insert(self.program.input.0);
        }
        if stage.ops.end == self.program.ops.len() {
            ids.insert(self.program.output.0);
        }
        for id in ids {
            for r in 0..self.program.buffers[id].rows {
                let _ = writeln!(self.text, "    var {}: V;", name(Id(id), r));
            }
        }
    }

    /// Brings the present frame of a signal into variables.
    fn own(&mut self, id: Id) {
        if !self.have.insert(id.0) {
            return;
        }
        for r in 0..self.program.buffers[id.0].rows {
            let from = self.past(id, &format!("{r}u"), 0);
            let _ = writeln!(self.text, "    {} = {from};", name(id, r));
        }
    }

    fn store(&mut self, id: Id) {
        let Some(Ring { offset, frames, rows, .. }) = self.plan.rings[id.0] else { return };
        for r in 0..rows {
            let (row, mask) = (offset + r * frames, frames - 1);
            let _ = writeln!(
                self.text,
                "    write_ring(s + {row}u, now, {mask}u, left, {});",
                name(id, r)
            );
        }
    }

    /// A row of a signal some frames ago.
    fn past(&self, id: Id, row: &str, delay: usize) -> String {
        let Some(Ring { offset, frames, .. }) = self.plan.rings[id.0] else { return literal(0.0) };
        let mask = frames - 1;
        format!("read_ring(s + {offset}u + {row} * {frames}u, now - {delay}u, {mask}u)")
    }

    fn op(&mut self, i: usize) {
        let program = self.program;
        let op = &program.ops[i];
        let [first, second] = self.packed.ops[i];
        match op {
            Op::Mac(mac) => self.mac(mac, first, second),
            Op::Activate { from, activation, to } => {
                self.each(op, *to, |r| call(activation, &name(*from, r), || number(first + r)))
            }
            Op::Pair { from, primary, secondary, pairing, to } => {
                let half = program.buffers[to.0].rows;
                self.each(op, *to, |r| {
                    let x = name(*from, r);
                    let a = call(primary, &x, || number(first + r));
                    let b = call(secondary, &name(*from, r + half), || number(second + r));
                    match pairing {
                        Pairing::Gate => format!("{a} * {b}"),
                        Pairing::Blend => format!("fma({b}, {a} - {x}, {x})"),
                    }
                });
            }
            Op::Film { from, scale, to } => {
                let rows = program.buffers[to.0].rows;
                let shift = program.buffers[scale.0].rows > rows;
                self.each(op, *to, |r| {
                    let (x, k) = (name(*from, r), name(*scale, r));
                    if shift {
                        format!("fma({k}, {x}, {})", name(*scale, r + rows))
                    } else {
                        format!("{k} * {x}")
                    }
                });
            }
            Op::Softmax { to } => self.softmax(*to),
            Op::Add { from, with, to } => self.each(op, *to, |r| {
                let x = name(*from, r);
                with.map_or(x.clone(), |with| format!("{} + {x}", name(with, r)))
            }),
        }
    }

    /// Every row of `to` by an expression of what the operation reads.
    fn each(&mut self, op: &Op, to: Id, of: impl Fn(usize) -> String) {
        for id in reads(op) {
            self.own(id);
        }
        for r in 0..self.program.buffers[to.0].rows {
            let _ = writeln!(self.text, "    {} = {};", name(to, r), of(r));
        }
        self.have.insert(to.0);
    }

    fn softmax(&mut self, to: Id) {
        self.own(to);
        let rows = self.program.buffers[to.0].rows;
        let names: Vec<String> = (0..rows).map(|r| name(to, r)).collect();
        let top = names[1..].iter().fold(names[0].clone(), |top, x| format!("max({top}, {x})"));
        let _ = writeln!(self.text, "    {{ let top = {top};");
        for x in &names {
            let _ = writeln!(self.text, "    {x} = exp_below_zero({x} - top);");
        }
        let _ = writeln!(self.text, "    let sum = {};", names.join(" + "));
        for x in &names {
            let _ = writeln!(self.text, "    {x} = {x} / sum;");
        }
        self.text += "    }\n";
    }

    fn mac(&mut self, mac: &Mac, weights: usize, bias: usize) {
        self.text += "    {\n";
        for o in (0..mac.outputs).step_by(PAD) {
            for (o, _) in lanes(o, mac.outputs) {
                let _ = writeln!(self.text, "    var a{o} = {};", literal(0.0));
            }
        }
        for tap in &mac.taps {
            self.tap(mac, tap, weights + tap.weights);
        }
        // Only now, so that they wait in no register.
        mac.residual.into_iter().for_each(|id| self.own(id));
        if let Some((id, false)) = mac.sum {
            self.own(id);
        }
        for o in 0..mac.outputs {
            if o % PAD == 0 {
                let _ = writeln!(self.text, "    let k{o} = W[w + {}u];", (bias + o) / 4);
            }
            self.finish(mac, o);
        }
        self.text += "    }\n";
        self.have.extend(mac.to.into_iter().chain(mac.sum.map(|(id, _)| id)).map(|id| id.0));
    }

    /// Adds what one tap brings to the sums.
    fn tap(&mut self, mac: &Mac, tap: &Tap, weights: usize) {
        let pad = mac.bias.len();
        let here = tap.delay == 0 && self.have.contains(&tap.from.0);
        if tap.group.is_none() && tap.inputs >= LOOP && (!here || self.compact) {
            let x = if here {
                let rows: Vec<String> = (0..tap.inputs).map(|r| name(tap.from, r)).collect();
                let rows = rows.join(", ");
                let _ = writeln!(self.text, "    {{ var v = array<V, {}>({rows});", tap.inputs);
                "v[i]".to_owned()
            } else {
                self.text += "    {\n";
                self.past(tap.from, "i", tap.delay)
            };
            // A count that no compiler knows: it would write the loop out.
            let once = if self.compact { " * B.one" } else { "" };
            let _ = writeln!(
                self.text,
                "    for (var i = 0u; i < {}u{once}; i++) {{
    let x = {x};
    let r = w + {}u + i * {}u;",
                tap.inputs,
                weights / 4,
                pad / 4
            );
            self.products(mac, &|o| format!("r + {}u", o / 4), &|_| "x".to_owned());
            self.text += "    } }\n";
            return;
        }
        if tap.delay == 0 {
            self.own(tap.from);
        }
        for i in 0..tap.inputs {
            self.text += "    {\n";
            let row = |o: usize| tap.group.map_or(0, |group| o / group) * tap.inputs + i;
            if tap.delay > 0 {
                for row in (0..mac.outputs).map(row).collect::<BTreeSet<_>>() {
                    let x = self.past(tap.from, &format!("{row}u"), tap.delay);
                    let _ = writeln!(self.text, "    let x{row} = {x};");
                }
            }
            let at = |o: usize| format!("w + {}u", (weights + i * pad + o) / 4);
            let x = |o: usize| match tap.delay {
                0 => name(tap.from, row(o)),
                _ => format!("x{}", row(o)),
            };
            self.products(mac, &at, &x);
            self.text += "    }\n";
        }
    }

    /// One input of every output: where its weight lies, and what it is.
    fn products(&mut self, mac: &Mac, at: &dyn Fn(usize) -> String, x: &dyn Fn(usize) -> String) {
        for first in (0..mac.outputs).step_by(PAD) {
            let _ = writeln!(self.text, "    let m{first} = W[{}];", at(first));
            for (o, part) in lanes(first, mac.outputs) {
                let _ = writeln!(self.text, "    a{o} = fma(V(m{first}.{part}), {}, a{o});", x(o));
            }
        }
    }

    /// What becomes of a sum.
    fn finish(&mut self, mac: &Mac, o: usize) {
        let activation = match mac.finish {
            Finish::Identity => Activation::Identity,
            Finish::Tanh => Activation::Tanh,
            Finish::PreciseTanh => Activation::PreciseTanh,
            Finish::Leaky(slope) => Activation::Leaky { slope },
        };
        let (four, part) = (o / PAD * PAD, ["x", "y", "z", "w"][o % PAD]);
        let _ = writeln!(self.text, "    let z{o} = a{o} + V(k{four}.{part});");
        let y = call(&activation, &format!("z{o}"), String::new);
        let _ = writeln!(self.text, "    let y{o} = {y};");
        if let Some((id, first)) = mac.sum {
            let sum = name(id, o);
            let before = if first { String::new() } else { format!("{sum} + ") };
            let _ = writeln!(self.text, "    {sum} = {before}y{o};");
        }
        if let Some(to) = mac.to {
            let residual = mac.residual.map_or(String::new(), |id| format!(" + {}", name(id, o)));
            let _ = writeln!(self.text, "    {} = y{o}{residual};", name(to, o));
        }
    }
}

/// The outputs whose weights lie in one vector, and its components.
fn lanes(first: usize, outputs: usize) -> impl Iterator<Item = (usize, char)> {
    (first..outputs.min(first + PAD)).zip("xyzw".chars())
}

/// The variable of a row.
fn name(id: Id, row: usize) -> String {
    format!("b{}_{row}", id.0)
}

/// One of the weights of the lane, by its place in floats.
fn number(at: usize) -> String {
    format!("W[w + {}u].{}", at / 4, ["x", "y", "z", "w"][at % 4])
}
