//! The configuration of a WaveNet as files write it, in the spelling of every
//! version, read into one checked form.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Error;
use crate::activation::{Activation, Spec};
use crate::model::MAX_SIZES;
use crate::nam::{self, refuse_unknown};
use crate::program::Pairing;

/// The most channels, taps, dilation or anything else counted in one number:
/// far above any real model, far below an overflow of their products.
const LIMIT: usize = 1 << 20;

#[derive(Deserialize)]
struct NetJson<'a> {
    #[serde(borrow)]
    layers: Vec<&'a RawValue>,
    head: Option<PostHeadJson>,
    in_channels: Option<usize>,
    #[serde(borrow)]
    condition_dsp: Option<&'a RawValue>,
    /// Repeated by the last weight, which counts.
    #[serde(rename = "head_scale")]
    _head_scale: Option<f64>,
}

const NET_KEYS: &[&str] = &["layers", "head", "in_channels", "condition_dsp", "head_scale"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostHeadJson {
    channels: usize,
    out_channels: usize,
    kernel_sizes: Vec<usize>,
    activation: Spec,
    in_channels: Option<usize>,
}

#[derive(Deserialize)]
struct ArrayJson {
    input_size: usize,
    condition_size: usize,
    channels: usize,
    bottleneck: Option<usize>,
    dilations: Vec<usize>,
    kernel_size: Option<PerLayer<usize>>,
    kernel_sizes: Option<PerLayer<usize>>,
    head: Option<HeadJson>,
    head_size: Option<usize>,
    head_bias: Option<bool>,
    activation: PerLayer<Spec>,
    gating_mode: Option<PerLayer<String>>,
    secondary_activation: Option<PerLayer<Option<Spec>>>,
    gated: Option<bool>,
    groups_input: Option<usize>,
    groups_input_mixin: Option<usize>,
    layer1x1: Option<Layer1x1Json>,
    head1x1: Option<Head1x1Json>,
    slimmable: Option<SlimmableJson>,
    conv_pre_film: Option<FilmJson>,
    conv_post_film: Option<FilmJson>,
    input_mixin_pre_film: Option<FilmJson>,
    input_mixin_post_film: Option<FilmJson>,
    activation_pre_film: Option<FilmJson>,
    activation_post_film: Option<FilmJson>,
    layer1x1_post_film: Option<FilmJson>,
    head1x1_post_film: Option<FilmJson>,
}

const ARRAY_KEYS: &[&str] = &[
    "input_size",
    "condition_size",
    "channels",
    "bottleneck",
    "dilations",
    "kernel_size",
    "kernel_sizes",
    "head",
    "head_size",
    "head_bias",
    "activation",
    "gating_mode",
    "secondary_activation",
    "gated",
    "groups_input",
    "groups_input_mixin",
    "layer1x1",
    "head1x1",
    "slimmable",
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
];

/// One value for all layers, or a list with one for each.
#[derive(Deserialize)]
#[serde(untagged)]
enum PerLayer<T> {
    Each(Vec<T>),
    All(T),
}

impl<T: Clone> PerLayer<T> {
    fn list(self, layers: usize, at: &str) -> Result<Vec<T>, Error> {
        match self {
            PerLayer::All(v) => Ok(vec![v; layers]),
            PerLayer::Each(list) if list.len() == layers => Ok(list),
            PerLayer::Each(list) => Err(Error::invalid(
                at,
                format!("{layers} values, one for each dilation"),
                list.len(),
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadJson {
    out_channels: usize,
    kernel_size: usize,
    bias: bool,
    head_dilation: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer1x1Json {
    active: Option<bool>,
    groups: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head1x1Json {
    active: Option<bool>,
    out_channels: Option<usize>,
    groups: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FilmJson {
    Flag(bool),
    Object(FilmObject),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilmObject {
    active: Option<bool>,
    shift: Option<bool>,
    groups: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlimmableJson {
    method: String,
    kwargs: Option<SlimmableKwargs>,
}

#[derive(Deserialize)]
struct SlimmableKwargs {
    allowed_channels: Option<Vec<usize>>,
}

/// A whole network, every size checked against its neighbours.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    pub(crate) arrays: Vec<Array>,
    pub(crate) post: Option<PostHead>,
}

/// A network beside the JSON of what conditions it.
pub(crate) struct Parsed<'a> {
    pub(crate) net: Net,
    pub(crate) condition: Option<&'a RawValue>,
    /// Widths it may be cut to, if it is slimmable.
    pub(crate) widths: Vec<usize>,
}

/// A stack of layers of one width.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    pub(crate) inputs: usize,
    pub(crate) condition: usize,
    pub(crate) channels: usize,
    pub(crate) bottleneck: usize,
    pub(crate) layers: Vec<Layer>,
    pub(crate) groups_input: usize,
    pub(crate) groups_mixin: usize,
    /// Groups of the pointwise convolution in the residual path.
    pub(crate) layer1x1: Option<usize>,
    /// Outputs and groups of the pointwise convolution into the head.
    pub(crate) head1x1: Option<(usize, usize)>,
    /// In the order of [`FILMS`].
    pub(crate) films: [Option<Film>; 8],
    pub(crate) head: Head,
}

#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) kernel: usize,
    pub(crate) dilation: usize,
    pub(crate) activation: Activation,
    pub(crate) gate: Option<(Pairing, Activation)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Film {
    pub(crate) shift: bool,
    pub(crate) groups: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) outputs: usize,
    pub(crate) kernel: usize,
    pub(crate) dilation: usize,
    pub(crate) bias: bool,
}

/// Activation and convolution, repeated, after the last array.
#[derive(Clone, Debug)]
pub(crate) struct PostHead {
    pub(crate) channels: usize,
    pub(crate) outputs: usize,
    pub(crate) kernels: Vec<usize>,
    pub(crate) activation: Spec,
}

/// Where a layer may be modulated, in the order of its weights.
pub(crate) const FILMS: [&str; 8] = [
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
];

impl<'a> Parsed<'a> {
    /// Reads `config`; `at` is its place in the file.
    pub(crate) fn read(json: &'a RawValue, at: &str) -> Result<Self, Error> {
        refuse_unknown(json, NET_KEYS, at)?;
        let net: NetJson<'a> = nam::config(json)?;
        one(&format!("{at}.in_channels"), net.in_channels.unwrap_or(1))?;
        if net.layers.is_empty() {
            return Err(Error::invalid(format!("{at}.layers"), "at least one array", "none"));
        }
        let mut widths = Vec::new();
        let mut arrays: Vec<Array> = Vec::new();
        for (i, json) in net.layers.iter().enumerate() {
            let at = format!("{at}.layers[{i}]");
            let array = Array::read(json, &at, &mut widths)?;
            match arrays.last() {
                None => one(&format!("{at}.input_size"), array.inputs)?,
                Some(before) => {
                    equal(&format!("{at}.input_size"), before.channels, array.inputs)?;
                    equal(&format!("{at} head width"), before.head.outputs, array.head_width())?;
                }
            }
            arrays.push(array);
        }
        let before = arrays.last().map_or(1, |a| a.head.outputs);
        let post =
            net.head.map(|h| PostHead::read(h, before, &format!("{at}.head"))).transpose()?;
        let parsed = Self { net: Net { arrays, post }, condition: net.condition_dsp, widths };
        parsed.check_slimmable(at)?;
        Ok(parsed)
    }

    /// Only what the trainer can slim: one plain array.
    fn check_slimmable(&self, at: &str) -> Result<(), Error> {
        let a = &self.net.arrays[0];
        let plain = self.net.arrays.len() == 1
            && self.net.post.is_none()
            && self.condition.is_none()
            && a.films.iter().all(Option::is_none)
            && a.head1x1.is_none()
            && a.head.kernel == 1
            && (a.groups_input, a.groups_mixin, a.layer1x1.unwrap_or(1)) == (1, 1, 1)
            && a.bottleneck == a.channels
            && !a.layers.iter().any(Layer::has_slopes);
        if self.widths.is_empty() || plain {
            return Ok(());
        }
        Err(Error::unsupported(
            format!("{at}.layers[0].slimmable"),
            "one array without groups, FiLM, bottleneck, head1x1, head kernel, per-channel slopes, \
             post-stack head or condition_dsp, as the trainer makes them",
            "one of these",
        ))
    }
}

impl Array {
    fn read(json: &RawValue, at: &str, widths: &mut Vec<usize>) -> Result<Self, Error> {
        refuse_unknown(json, ARRAY_KEYS, at)?;
        let a: ArrayJson = nam::config(json)?;
        let bottleneck = a.bottleneck.unwrap_or(a.channels);
        let n = a.dilations.len();
        if n == 0 {
            return Err(Error::invalid(format!("{at}.dilations"), "at least one", "none"));
        }
        let kernels = match (a.kernel_sizes, a.kernel_size) {
            (Some(list), None) | (None, Some(list)) => {
                list.list(n, &format!("{at}.kernel_sizes"))?
            }
            _ => {
                let found = "both or none";
                return Err(Error::invalid(at, "one of kernel_size and kernel_sizes", found));
            }
        };
        let head = match (a.head, a.head_size) {
            (Some(h), None) => Head {
                outputs: h.out_channels,
                kernel: h.kernel_size,
                dilation: h.head_dilation.unwrap_or(1),
                bias: h.bias,
            },
            (None, Some(outputs)) => {
                Head { outputs, kernel: 1, dilation: 1, bias: a.head_bias.unwrap_or(false) }
            }
            _ => return Err(Error::invalid(at, "one of head and head_size", "both or none")),
        };
        let gates = gates(a.gating_mode, a.gated, a.secondary_activation, n, bottleneck, at)?;
        let activations = a.activation.list(n, &format!("{at}.activation"))?;
        let mut layers = Vec::with_capacity(n);
        for (i, (spec, gate)) in activations.into_iter().zip(gates).enumerate() {
            let activation = spec.resolve(&format!("{at}.activation[{i}]"), bottleneck)?;
            layers.push(Layer { kernel: kernels[i], dilation: a.dilations[i], activation, gate });
        }
        let film = |f: Option<FilmJson>| f.and_then(FilmJson::film);
        let head1x1 = a.head1x1.filter(|h| h.active.unwrap_or(false));
        let layer1x1 = match a.layer1x1 {
            None => Some(1),
            Some(l) => l.active.unwrap_or(true).then(|| l.groups.unwrap_or(1)),
        };
        let array = Self {
            inputs: a.input_size,
            condition: a.condition_size,
            channels: a.channels,
            bottleneck,
            layers,
            groups_input: a.groups_input.unwrap_or(1),
            groups_mixin: a.groups_input_mixin.unwrap_or(1),
            layer1x1,
            head1x1: head1x1.map(|h| (h.out_channels.unwrap_or(1), h.groups.unwrap_or(1))),
            films: [
                film(a.conv_pre_film),
                film(a.conv_post_film),
                film(a.input_mixin_pre_film),
                film(a.input_mixin_post_film),
                film(a.activation_pre_film),
                film(a.activation_post_film),
                film(a.layer1x1_post_film),
                film(a.head1x1_post_film),
            ],
            head,
        };
        array.check(at)?;
        if let Some(s) = a.slimmable {
            *widths = s.widths(array.channels, at)?;
        }
        Ok(array)
    }

    /// Channels the head of this array reads, and those of its accumulator.
    pub(crate) fn head_width(&self) -> usize {
        self.head1x1.map_or(self.bottleneck, |(outputs, _)| outputs)
    }

    fn check(&self, at: &str) -> Result<(), Error> {
        let counts = [
            ("input_size", self.inputs),
            ("condition_size", self.condition),
            ("channels", self.channels),
            ("bottleneck", self.bottleneck),
            ("head.out_channels", self.head.outputs),
            ("head.kernel_size", self.head.kernel),
            ("head.head_dilation", self.head.dilation),
            ("head1x1.out_channels", self.head_width()),
        ];
        for (key, n) in counts {
            count(&format!("{at}.{key}"), n)?;
        }
        for layer in &self.layers {
            count(&format!("{at}.kernel_sizes"), layer.kernel)?;
            count(&format!("{at}.dilations"), layer.dilation)?;
            let z = layer.width(self.bottleneck);
            groups(&format!("{at}.groups_input"), self.groups_input, &[self.channels, z])?;
            groups(&format!("{at}.groups_input_mixin"), self.groups_mixin, &[self.condition, z])?;
            for (i, film) in self.films.iter().enumerate() {
                let Some(film) = film else { continue };
                let to = film.outputs(self.film_width(i, layer));
                groups(&format!("{at}.{}.groups", FILMS[i]), film.groups, &[self.condition, to])?;
            }
        }
        let (c, b) = (self.channels, self.bottleneck);
        match self.layer1x1 {
            Some(g) => groups(&format!("{at}.layer1x1.groups"), g, &[b, c])?,
            None => {
                equal(&format!("{at}.bottleneck, there being no layer1x1,"), c, b)?;
                absent(self.films[6], &format!("{at}.layer1x1_post_film"), "layer1x1")?;
            }
        }
        match self.head1x1 {
            Some((out, g)) => groups(&format!("{at}.head1x1.groups"), g, &[b, out]),
            None => absent(self.films[7], &format!("{at}.head1x1_post_film"), "head1x1"),
        }
    }

    /// Channels of the signal that film number `i` modulates.
    pub(crate) fn film_width(&self, i: usize, layer: &Layer) -> usize {
        match i {
            0 | 6 => self.channels,
            1 | 3 | 4 => layer.width(self.bottleneck),
            2 => self.condition,
            5 => self.bottleneck,
            _ => self.head_width(),
        }
    }
}

impl Layer {
    /// Channels before the activation: a gate needs as many again.
    pub(crate) fn width(&self, bottleneck: usize) -> usize {
        if self.gate.is_some() { 2 * bottleneck } else { bottleneck }
    }

    fn has_slopes(&self) -> bool {
        let slopes = |a: &Activation| matches!(a, Activation::PReLU { .. });
        slopes(&self.activation) || self.gate.as_ref().is_some_and(|(_, a)| slopes(a))
    }
}

impl FilmJson {
    fn film(self) -> Option<Film> {
        match self {
            FilmJson::Flag(on) => on.then_some(Film { shift: true, groups: 1 }),
            FilmJson::Object(o) => o
                .active
                .unwrap_or(true)
                .then(|| Film { shift: o.shift.unwrap_or(true), groups: o.groups.unwrap_or(1) }),
        }
    }
}

impl Film {
    /// Rows of scale, and of shift if there is one, for `width` channels.
    pub(crate) fn outputs(self, width: usize) -> usize {
        if self.shift { 2 * width } else { width }
    }
}

impl PostHead {
    fn read(h: PostHeadJson, inputs: usize, at: &str) -> Result<Self, Error> {
        equal(&format!("{at}.in_channels"), inputs, h.in_channels.unwrap_or(inputs))?;
        count(&format!("{at}.channels"), h.channels)?;
        count(&format!("{at}.out_channels"), h.out_channels)?;
        count(&format!("{at}.kernel_sizes length"), h.kernel_sizes.len())?;
        for k in &h.kernel_sizes {
            count(&format!("{at}.kernel_sizes"), *k)?;
        }
        let (channels, outputs) = (h.channels, h.out_channels);
        Ok(Self { channels, outputs, kernels: h.kernel_sizes, activation: h.activation })
    }
}

impl SlimmableJson {
    fn widths(self, channels: usize, at: &str) -> Result<Vec<usize>, Error> {
        let at = format!("{at}.slimmable");
        if self.method != "slice_channels_uniform" {
            let expected = "slice_channels_uniform";
            return Err(Error::unsupported(format!("{at}.method"), expected, self.method));
        }
        let widths = self
            .kwargs
            .and_then(|k| k.allowed_channels)
            .unwrap_or_else(|| (1..=channels.min(MAX_SIZES + 1)).collect());
        let ascending = widths.is_sorted_by(|a, b| a < b);
        let within = widths.first().is_some_and(|w| *w >= 1) && widths.last() <= Some(&channels);
        if ascending && within && widths.len() <= MAX_SIZES {
            return Ok(widths);
        }
        Err(Error::invalid(
            format!("{at}.kwargs.allowed_channels"),
            format!("at most {MAX_SIZES} ascending widths from 1 to {channels}"),
            format!("{} widths", widths.len()),
        ))
    }
}

type Gate = Option<(Pairing, Activation)>;

fn gates(
    mode: Option<PerLayer<String>>,
    gated: Option<bool>,
    secondary: Option<PerLayer<Option<Spec>>>,
    layers: usize,
    bottleneck: usize,
    at: &str,
) -> Result<Vec<Gate>, Error> {
    let legacy = gated.unwrap_or(false);
    if legacy && mode.is_some() {
        return Err(Error::invalid(at, "one of gated and gating_mode", "both"));
    }
    let name = if legacy { "gated" } else { "none" };
    let modes = mode
        .unwrap_or(PerLayer::All(name.to_owned()))
        .list(layers, &format!("{at}.gating_mode"))?;
    let secondary = secondary
        .unwrap_or(PerLayer::All(None))
        .list(layers, &format!("{at}.secondary_activation"))?;
    let mut gates = Vec::with_capacity(layers);
    for (i, (mode, secondary)) in modes.iter().zip(secondary).enumerate() {
        let pairing = match mode.as_str() {
            "none" => None,
            "gated" => Some(Pairing::Gate),
            "blended" => Some(Pairing::Blend),
            other => {
                let expected = "none, gated or blended";
                return Err(Error::unsupported(format!("{at}.gating_mode"), expected, other));
            }
        };
        let at = format!("{at}.secondary_activation[{i}]");
        gates.push(match (pairing, secondary) {
            (None, _) => None,
            (Some(p), None) => Some((p, Activation::Sigmoid)),
            (Some(p), Some(spec)) => Some((p, spec.resolve(&at, bottleneck)?)),
        });
    }
    Ok(gates)
}

fn count(at: &str, n: usize) -> Result<(), Error> {
    match n {
        1..=LIMIT => Ok(()),
        _ => Err(Error::invalid(at, format!("1 to {LIMIT}"), n)),
    }
}

fn one(at: &str, n: usize) -> Result<(), Error> {
    if n == 1 { Ok(()) } else { Err(Error::unsupported(at, "1, for mono", n)) }
}

fn equal(at: &str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::invalid(at, expected.to_string(), found)) }
}

fn absent(film: Option<Film>, at: &str, of: &str) -> Result<(), Error> {
    match film {
        None => Ok(()),
        Some(_) => Err(Error::invalid(at, format!("inactive, as {of} is"), "active")),
    }
}

fn groups(at: &str, groups: usize, of: &[usize]) -> Result<(), Error> {
    if groups >= 1 && of.iter().all(|n| n % groups == 0) {
        return Ok(());
    }
    Err(Error::invalid(at, format!("a divisor of {of:?}"), groups))
}
