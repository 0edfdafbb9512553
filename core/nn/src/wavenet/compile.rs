//! From a checked configuration and its weights to a program.

use super::Condition;
use super::config::{Array, FILMS, Film, Layer, Net};
use crate::Error;
use crate::nam::Reader;
use crate::program::{Builder, Conv, Finish, Id, Mac, Op, Program};

/// Compiles a checked network whose weights have been counted.
pub(super) fn program(
    net: &Net,
    weights: &[f32],
    condition: Option<&Condition>,
) -> Result<Program, Error> {
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
        for ((outputs, taps), activation) in post.convs().zip(post.activations.clone()) {
            let inputs = self.b.rows(y);
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
        let w = Weights::take(context.array, layer, r);
        let sums = self.sums(context, layer, &w, x);
        let a = self.activate(context, layer, &w, sums, next.is_some(), first);
        self.head(context, &w, a, first);
        if let Some(next) = next {
            self.residual(context, &w, a, x, next);
        }
    }

    /// Convolution and mixin, summed: the operation that does so, or, where
    /// something lies between them, one that is done and only says where.
    fn sums(&mut self, context: Context<'_>, layer: &Layer, w: &Weights<'_>, x: Id) -> Mac {
        let Context { array, cond, .. } = context;
        let z = layer.width(array.bottleneck);
        let groups = array.groups_mixin;
        let mixin = Conv { inputs: array.condition, taps: 1, dilation: 1, groups };
        let (taps, dilation) = (layer.kernel, layer.dilation);
        let conv = Conv { inputs: array.channels, taps, dilation, groups: array.groups_input };
        let from = match w.films[0] {
            None => x,
            Some(film) => {
                let to = self.b.buffer(array.channels);
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
        let mac = Mac::new(z, Finish::Identity);
        if w.films[1].is_none() && w.films[3].is_none() {
            // The mixin and the taps that reach back come before the tap that
            // waits for the layer before.
            return mac.conv(mixed, mixin, w.mixin).conv(from, conv, w.conv).bias(w.bias);
        }
        let u = self.scratch("mixed", z);
        self.b.push(Op::Mac(mac.clone().conv(mixed, mixin, w.mixin).to(u)));
        self.film_in_place(w.films[3], cond, u);
        let v = self.scratch("convolved", z);
        self.b.push(Op::Mac(mac.clone().conv(from, conv, w.conv).bias(w.bias).to(v)));
        self.film_in_place(w.films[1], cond, v);
        let to = self.scratch("z", z);
        self.b.push(Op::Add { from: u, with: Some(v), to });
        mac.to(to)
    }

    /// Sends the activated signal to the head through its own convolution.
    fn head(&mut self, context: Context<'_>, w: &Weights<'_>, a: Id, first: bool) {
        let Context { array, cond, head } = context;
        let Some((outputs, groups)) = array.head1x1 else { return };
        let shape = Conv { inputs: array.bottleneck, taps: 1, dilation: 1, groups };
        let mac = Mac::new(outputs, Finish::Identity).conv(a, shape, w.head1x1);
        let mac = mac.bias(w.head1x1_bias);
        if w.films[7].is_none() {
            return self.b.push(Op::Mac(mac.sum(head, first)));
        }
        let to = self.scratch("head1x1", outputs);
        self.b.push(Op::Mac(mac.to(to)));
        self.film_in_place(w.films[7], cond, to);
        self.b.sum(to, head, first);
    }

    /// Adds what the layer found to its input, which makes the next one's.
    fn residual(&mut self, context: Context<'_>, w: &Weights<'_>, a: Id, x: Id, to: Id) {
        let Context { array, cond, .. } = context;
        let Some(groups) = array.layer1x1 else {
            return self.b.push(Op::Add { from: a, with: Some(x), to });
        };
        let shape = Conv { inputs: array.bottleneck, taps: 1, dilation: 1, groups };
        let mac = Mac::new(array.channels, Finish::Identity).conv(a, shape, w.layer1x1);
        let mac = mac.bias(w.layer1x1_bias);
        if w.films[6].is_none() {
            return self.b.push(Op::Mac(mac.residual(x).to(to)));
        }
        let y = self.scratch("layer1x1", array.channels);
        self.b.push(Op::Mac(mac.to(y)));
        self.film_in_place(w.films[6], cond, y);
        self.b.push(Op::Add { from: y, with: Some(x), to });
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
