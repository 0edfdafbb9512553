//! WaveNet, A1 and A2, as the trainer computes it.
//!
//! The official player departs from the trainer in two configurations (see
//! [`Net::differences`]); there we follow the trainer, whose output the model
//! was fitted to.

mod config;
mod slim;

use serde_json::value::RawValue;

use crate::Error;
use crate::activation::{Activation, Spec};
use crate::nam::{File, Reader};
use crate::program::{Builder, Conv, Finish, Id, Mac, Op, Pairing, Program};

use config::{Array, FILMS, Film, Layer, Net, Parsed, PostHead};

/// A loaded WaveNet: its programs, narrowest first, and what there is to say.
pub(crate) struct WaveNet {
    pub(crate) programs: Vec<Program>,
    pub(crate) differences: Vec<String>,
}

impl WaveNet {
    /// Compiles the configuration and weights of one file.
    pub(crate) fn load(
        config: &RawValue,
        weights: &[f32],
        rate: Option<f64>,
    ) -> Result<Self, Error> {
        let parsed = Parsed::read(config, "config")?;
        let net = &parsed.net;
        let outputs = net.outputs();
        if outputs != 1 {
            return Err(Error::unsupported("output channels", "1, for mono", outputs));
        }
        let condition = parsed.condition.map(|json| Condition::load(json, rate)).transpose()?;
        let width = condition.as_ref().map_or(1, |c| c.net.outputs());
        for (i, a) in net.arrays.iter().enumerate() {
            if a.condition != width {
                let at = format!("config.layers[{i}].condition_size");
                return Err(Error::invalid(at, width.to_string(), a.condition));
            }
        }
        Reader::new(weights, net.weights())?;
        let mut differences = net.differences();
        differences.extend(condition.iter().flat_map(|c| c.net.differences()));
        let mut programs = Vec::new();
        if parsed.widths.is_empty() {
            programs.push(program(net, weights, condition.as_ref())?);
        }
        for width in &parsed.widths {
            let (net, weights) = slim::cut(net, weights, *width)?;
            programs.push(program(&net, &weights, None)?);
        }
        Ok(Self { programs, differences })
    }
}

/// A network whose output conditions another one.
struct Condition {
    net: Net,
    weights: Vec<f32>,
}

impl Condition {
    fn load(json: &RawValue, rate: Option<f64>) -> Result<Self, Error> {
        let at = "config.condition_dsp";
        let file = File::nested(json)?;
        if file.architecture != "WaveNet" {
            let at = format!("{at}.architecture");
            return Err(Error::unsupported(at, "WaveNet", file.architecture));
        }
        if let (Some(outer), Some(inner)) = (rate, file.sample_rate)
            && outer != inner
        {
            return Err(Error::invalid(format!("{at}.sample_rate"), outer.to_string(), inner));
        }
        let parsed = Parsed::read(file.config, &format!("{at}.config"))?;
        if parsed.condition.is_some() || !parsed.widths.is_empty() {
            return Err(Error::unsupported(at, "a plain network", "one conditioned or slimmable"));
        }
        for a in &parsed.net.arrays {
            if a.condition != 1 {
                return Err(Error::invalid(format!("{at} condition_size"), "1", a.condition));
            }
        }
        Reader::new(&file.weights, parsed.net.weights())?;
        Ok(Self { net: parsed.net, weights: file.weights })
    }
}

/// Weights of a convolution; saturating, since sizes are not yet trusted.
fn conv_weights(outputs: usize, inputs: usize, taps: usize, bias: bool) -> usize {
    let bias = if bias { outputs } else { 0 };
    outputs.saturating_mul(inputs).saturating_mul(taps).saturating_add(bias)
}

impl Net {
    pub(crate) fn outputs(&self) -> usize {
        match (&self.post, self.arrays.last()) {
            (Some(post), _) => post.outputs,
            (None, Some(array)) => array.head.outputs,
            (None, None) => 1,
        }
    }

    /// The number of weights the configuration implies.
    fn weights(&self) -> usize {
        let arrays = self.arrays.iter().map(Array::weights);
        let mut inputs = self.arrays.last().map_or(1, |a| a.head.outputs);
        let post = self.post.iter().flat_map(PostHead::convs).map(|(outputs, k)| {
            let n = conv_weights(outputs, inputs, k, true);
            inputs = outputs;
            n
        });
        arrays.chain(post).fold(1, usize::saturating_add)
    }

    fn receptive_field(&self) -> usize {
        let layers = self.arrays.iter().flat_map(|a| &a.layers).map(|l| (l.kernel, l.dilation));
        let heads = self.arrays.iter().map(|a| (a.head.kernel, a.head.dilation));
        let post = self.post.iter().flat_map(|p| p.kernels.iter().map(|k| (*k, 1)));
        let spans = layers.chain(heads).chain(post).map(|(k, d)| (k - 1).saturating_mul(d));
        spans.fold(1, usize::saturating_add)
    }

    /// Where NAM Core computes something else than the trainer.
    fn differences(&self) -> Vec<String> {
        let mut said = Vec::new();
        let blended = |l: &Layer| matches!(l.gate, Some((Pairing::Blend, _)));
        for a in &self.arrays {
            if a.layer1x1.is_none() {
                said.push(
                    "layer1x1 is inactive: the official player leaves the activation out of \
                           the residual path, the trainer adds it",
                );
            }
            if a.films[6].is_some() && !a.layers.iter().all(blended) {
                said.push(
                    "layer1x1_post_film outside a blended layer: the official player leaves \
                           it out, the trainer applies it",
                );
            }
            let uses = |which: fn(&Activation) -> bool| {
                let gate = |l: &Layer| l.gate.as_ref().is_some_and(|(_, x)| which(x));
                a.layers.iter().any(|l| which(&l.activation) || gate(l))
            };
            if uses(|x| matches!(x, Activation::Softsigmoid)) {
                said.push("activation Softsigmoid: the official player cannot load this file");
            }
            if uses(Activation::is_hardtanh_with_limits) {
                said.push("Hardtanh with limits other than ±1: the official player ignores them");
            }
        }
        let heads = self.arrays.iter().map(|a| a.head.outputs);
        if self.arrays.iter().skip(1).zip(heads).any(|(a, head)| a.channels != head) {
            said.push(
                "an array is not as wide as the head before it: the official player \
                       refuses this file",
            );
        }
        if self.post.as_ref().is_some_and(|p| matches!(p.activation, Spec::Named { .. })) {
            said.push(
                "the head names its activation under \"name\": the official player cannot \
                       load this file",
            );
        }
        said.dedup();
        said.into_iter().map(str::to_owned).collect()
    }
}

impl Array {
    fn weights(&self) -> usize {
        let (c, b, cond) = (self.channels, self.bottleneck, self.condition);
        let mut n = conv_weights(c, self.inputs, 1, false);
        for layer in &self.layers {
            let z = layer.width(b);
            n = n.saturating_add(conv_weights(z, c / self.groups_input, layer.kernel, true));
            n = n.saturating_add(conv_weights(z, cond / self.groups_mixin, 1, false));
            n = n.saturating_add(self.layer1x1.map_or(0, |g| conv_weights(c, b / g, 1, true)));
            n = n.saturating_add(self.head1x1.map_or(0, |(o, g)| conv_weights(o, b / g, 1, true)));
            for (i, film) in self.films.iter().enumerate() {
                let Some(f) = film else { continue };
                let outputs = f.outputs(self.film_width(i, layer));
                n = n.saturating_add(conv_weights(outputs, cond / f.groups, 1, true));
            }
        }
        let head =
            conv_weights(self.head.outputs, self.head_width(), self.head.kernel, self.head.bias);
        n.saturating_add(head)
    }
}

impl PostHead {
    /// Outputs and taps of each convolution.
    fn convs(&self) -> impl Iterator<Item = (usize, usize)> {
        let last = self.kernels.len() - 1;
        let outputs = move |i| if i == last { self.outputs } else { self.channels };
        self.kernels.iter().enumerate().map(move |(i, k)| (outputs(i), *k))
    }
}

/// Compiles a checked network whose weights have been counted.
fn program(net: &Net, weights: &[f32], condition: Option<&Condition>) -> Result<Program, Error> {
    let mut c = Compiler { b: Builder::new(), scratch: Vec::new() };
    let input = c.b.buffer(1);
    let mut reach = net.receptive_field();
    let cond = match condition {
        None => input,
        Some(condition) => {
            reach = reach.saturating_add(condition.net.receptive_field() - 1);
            c.net(&condition.net, &condition.weights, input, input)?
        }
    };
    let output = c.net(net, weights, input, cond)?;
    c.b.finish(input, output, reach)
}

struct Compiler {
    b: Builder,
    /// Block-long buffers that layers share: what for, and how many rows.
    scratch: Vec<(&'static str, Id)>,
}

/// What the layers of one array have in common.
#[derive(Clone, Copy)]
struct Context<'a> {
    array: &'a Array,
    cond: Id,
    /// The head's accumulator.
    head: Id,
}

impl Compiler {
    fn scratch(&mut self, role: &'static str, rows: usize) -> Id {
        let known = self.scratch.iter().find(|(r, id)| *r == role && self.b.rows(*id) == rows);
        match known {
            Some((_, id)) => *id,
            None => {
                let id = self.b.buffer(rows);
                self.scratch.push((role, id));
                id
            }
        }
    }

    /// Everything from `input` to the output buffer it returns.
    fn net(&mut self, net: &Net, weights: &[f32], input: Id, cond: Id) -> Result<Id, Error> {
        let mut r = Reader::new(weights, net.weights())?;
        let scale = weights[weights.len() - 1];
        let (mut x, mut head) = (input, None);
        for (i, array) in net.arrays.iter().enumerate() {
            let last = i + 1 == net.arrays.len();
            (x, head) = self.array(array, x, cond, head, &mut r, last.then_some(scale));
        }
        let mut y = head.unwrap_or(x);
        let Some(post) = &net.post else { return Ok(y) };
        for (outputs, taps) in post.convs() {
            let inputs = self.b.rows(y);
            let activation = post.activation.resolve("config.head.activation", inputs)?;
            let to = self.b.buffer(inputs);
            self.b.push(Op::Activate { from: y, activation, to });
            let shape = Conv { inputs, taps, dilation: 1, groups: 1 };
            let w = r.take(outputs * inputs * taps);
            let mac = Mac::new(outputs, Finish::Identity).conv(to, shape, w).bias(r.take(outputs));
            y = self.b.buffer(outputs);
            self.b.push(Op::Mac(mac.to(y)));
        }
        Ok(y)
    }

    /// `seed` is the head output of the array before. The output of the last
    /// array is scaled by `scale`; its own signal is not computed to the end.
    fn array(
        &mut self,
        array: &Array,
        input: Id,
        cond: Id,
        seed: Option<Id>,
        r: &mut Reader<'_>,
        scale: Option<f32>,
    ) -> (Id, Option<Id>) {
        let shape = Conv::pointwise(array.inputs);
        let mut x = self.b.buffer(array.channels);
        let w = r.take(array.channels * array.inputs);
        let mac = Mac::new(array.channels, Finish::Identity).conv(input, shape, w);
        self.b.push(Op::Mac(mac.to(x)));
        let head = seed.unwrap_or_else(|| self.b.buffer(array.head_width()));
        let context = Context { array, cond, head };
        for (i, layer) in array.layers.iter().enumerate() {
            let dead = i + 1 == array.layers.len() && scale.is_some();
            let next = (!dead).then(|| self.b.buffer(array.channels));
            self.layer(context, layer, x, next, i == 0 && seed.is_none(), r);
            x = next.unwrap_or(x);
        }
        let (h, inputs) = (array.head, array.head_width());
        let shape = Conv { inputs, taps: h.kernel, dilation: h.dilation, groups: 1 };
        let mut w = r.take(h.outputs * inputs * h.kernel).to_vec();
        let mut bias = if h.bias { r.take(h.outputs) } else { &[] }.to_vec();
        let scale = scale.unwrap_or(1.0);
        w.iter_mut().chain(&mut bias).for_each(|w| *w *= scale);
        let to = self.b.buffer(h.outputs);
        let mac = Mac::new(h.outputs, Finish::Identity).conv(head, shape, &w).bias(&bias);
        self.b.push(Op::Mac(mac.to(to)));
        (x, Some(to))
    }

    /// One layer, its weights taken in their order in the file.
    fn layer(
        &mut self,
        context: Context<'_>,
        layer: &Layer,
        x: Id,
        next: Option<Id>,
        first: bool,
        r: &mut Reader<'_>,
    ) {
        let Context { array, cond, head } = context;
        let (c, b) = (array.channels, array.bottleneck);
        let w = Weights::take(array, layer, r);
        let z = layer.width(b);
        // The mixin and the taps that reach back come before the tap that
        // waits for the layer before.
        let mixin =
            Conv { inputs: array.condition, taps: 1, dilation: 1, groups: array.groups_mixin };
        let (taps, dilation) = (layer.kernel, layer.dilation);
        let conv = Conv { inputs: c, taps, dilation, groups: array.groups_input };
        let from = match w.films[0] {
            None => x,
            Some(film) => {
                let to = self.b.buffer(c);
                self.film(film, cond, x, to)
            }
        };
        let mixed = match w.films[2] {
            None => cond,
            Some(film) => {
                let to = self.scratch("mixin", array.condition);
                self.film(film, cond, cond, to)
            }
        };
        let before = Mac::new(z, Finish::Identity);
        let whole = if w.films[1].is_none() && w.films[3].is_none() {
            before.conv(mixed, mixin, w.mixin).conv(from, conv, w.conv).bias(w.bias)
        } else {
            let u = self.scratch("mixed", z);
            self.b.push(Op::Mac(before.clone().conv(mixed, mixin, w.mixin).to(u)));
            self.film_in_place(w.films[3], cond, u);
            let v = self.scratch("convolved", z);
            self.b.push(Op::Mac(before.clone().conv(from, conv, w.conv).bias(w.bias).to(v)));
            self.film_in_place(w.films[1], cond, v);
            let to = self.scratch("z", z);
            self.b.push(Op::Add { from: u, with: Some(v), to });
            Mac { to: Some(to), ..before }
        };
        let a = self.activate(context, layer, &w, whole, next.is_some(), first);
        if let Some((outputs, groups)) = array.head1x1 {
            let shape = Conv { inputs: b, taps: 1, dilation: 1, groups };
            let mac = Mac::new(outputs, Finish::Identity).conv(a, shape, w.head1x1);
            let mac = mac.bias(w.head1x1_bias);
            if w.films[7].is_some() {
                let to = self.scratch("head1x1", outputs);
                self.b.push(Op::Mac(mac.to(to)));
                self.film_in_place(w.films[7], cond, to);
                self.b.sum(to, head, first);
            } else {
                self.b.push(Op::Mac(mac.sum(head, first)));
            }
        }
        let Some(to) = next else { return };
        let Some(groups) = array.layer1x1 else {
            return self.b.push(Op::Add { from: a, with: Some(x), to });
        };
        let shape = Conv { inputs: b, taps: 1, dilation: 1, groups };
        let mac = Mac::new(c, Finish::Identity).conv(a, shape, w.layer1x1).bias(w.layer1x1_bias);
        if w.films[6].is_some() {
            let y = self.scratch("layer1x1", c);
            self.b.push(Op::Mac(mac.to(y)));
            self.film_in_place(w.films[6], cond, y);
            self.b.push(Op::Add { from: y, with: Some(x), to });
        } else {
            self.b.push(Op::Mac(mac.residual(x).to(to)));
        }
    }

    /// From the sums of a layer (`whole`, or what already lies in its `to`) to
    /// the activated signal, which also goes to the head if nothing is between.
    fn activate(
        &mut self,
        context: Context<'_>,
        layer: &Layer,
        w: &Weights<'_>,
        whole: Mac,
        wanted: bool,
        first: bool,
    ) -> Id {
        let Context { array, cond, head } = context;
        let direct = array.head1x1.is_none();
        let a = self.scratch("a", array.bottleneck);
        let computed = whole.taps.is_empty();
        let alone = layer.gate.is_none() && w.films[4].is_none() && !computed;
        if alone && w.films[5].is_none() {
            let whole = if direct { whole.sum(head, first) } else { whole };
            let whole = if wanted || !direct { whole.to(a) } else { whole };
            self.b.mac(whole, &layer.activation);
            return a;
        }
        let z = whole.to.unwrap_or_else(|| self.scratch("z", layer.width(array.bottleneck)));
        if !computed {
            self.b.push(Op::Mac(whole.to(z)));
        }
        self.film_in_place(w.films[4], cond, z);
        let primary = layer.activation.clone();
        self.b.push(match layer.gate.clone() {
            None => Op::Activate { from: z, activation: primary, to: a },
            Some((pairing, secondary)) => Op::Pair { from: z, primary, secondary, pairing, to: a },
        });
        self.film_in_place(w.films[5], cond, a);
        if direct {
            self.b.sum(a, head, first);
        }
        a
    }

    fn film_in_place(&mut self, film: Option<FilmWeights<'_>>, cond: Id, on: Id) {
        if let Some(film) = film {
            self.film(film, cond, on, on);
        }
    }

    /// `to = scale(cond) · from + shift(cond)`; returns `to`.
    fn film(&mut self, film: FilmWeights<'_>, cond: Id, from: Id, to: Id) -> Id {
        let outputs = film.film.outputs(self.b.rows(from));
        let inputs = self.b.rows(cond);
        let shape = Conv { inputs, taps: 1, dilation: 1, groups: film.film.groups };
        let scale = self.scratch("film", outputs);
        let mac = Mac::new(outputs, Finish::Identity).conv(cond, shape, film.weights);
        self.b.push(Op::Mac(mac.bias(film.bias).to(scale)));
        self.b.push(Op::Film { from, scale, to });
        to
    }
}

/// The weights of one layer, cut apart. Unused parts are empty.
struct Weights<'a> {
    conv: &'a [f32],
    bias: &'a [f32],
    mixin: &'a [f32],
    layer1x1: &'a [f32],
    layer1x1_bias: &'a [f32],
    head1x1: &'a [f32],
    head1x1_bias: &'a [f32],
    films: [Option<FilmWeights<'a>>; FILMS.len()],
}

#[derive(Clone, Copy)]
struct FilmWeights<'a> {
    film: Film,
    weights: &'a [f32],
    bias: &'a [f32],
}

impl<'a> Weights<'a> {
    fn take(a: &Array, layer: &Layer, r: &mut Reader<'a>) -> Self {
        let (c, b, z) = (a.channels, a.bottleneck, layer.width(a.bottleneck));
        let (layer1x1, head1x1) = (a.layer1x1, a.head1x1);
        Self {
            conv: r.take(z * (c / a.groups_input) * layer.kernel),
            bias: r.take(z),
            mixin: r.take(z * (a.condition / a.groups_mixin)),
            layer1x1: r.take(layer1x1.map_or(0, |g| c * (b / g))),
            layer1x1_bias: r.take(layer1x1.map_or(0, |_| c)),
            head1x1: r.take(head1x1.map_or(0, |(o, g)| o * (b / g))),
            head1x1_bias: r.take(head1x1.map_or(0, |(o, _)| o)),
            films: std::array::from_fn(|i| {
                a.films[i].map(|film| {
                    let outputs = film.outputs(a.film_width(i, layer));
                    let weights = r.take(outputs * (a.condition / film.groups));
                    FilmWeights { film, weights, bias: r.take(outputs) }
                })
            }),
        }
    }
}
