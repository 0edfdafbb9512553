//! The configuration of a WaveNet in one checked form.

use serde_json::value::RawValue;

use super::json::{ARRAY_KEYS, ArrayJson, HeadJson, NET_KEYS, NetJson, PerLayer, PostHeadJson};
use crate::Error;
use crate::activation::{Activation, Spec};
use crate::nam::{self, layers, one, refuse_unknown, size};
use crate::program::Pairing;

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

#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// One before each convolution.
    pub(crate) activations: Vec<Activation>,
    /// Whether the file spells them as the trainer does, which no player reads.
    pub(crate) named: bool,
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
        let net: NetJson<'a> = nam::config(json, at)?;
        one(&format!("{at}.in_channels"), net.in_channels.unwrap_or(1))?;
        layers(&format!("{at}.layers"), net.layers.len())?;
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
        let mut a: ArrayJson = nam::config(json, at)?;
        layers(&format!("{at}.dilations"), a.dilations.len())?;
        let film = |f: Option<super::json::FilmJson>| f.and_then(|f| f.film());
        let head1x1 = a.head1x1.take().filter(|h| h.active.unwrap_or(false));
        let layer1x1 = match a.layer1x1.take() {
            None => Some(1),
            Some(l) => l.active.unwrap_or(true).then(|| l.groups.unwrap_or(1)),
        };
        let slimmable = a.slimmable.take();
        let array = Self {
            inputs: a.input_size,
            condition: a.condition_size,
            channels: a.channels,
            bottleneck: a.bottleneck.unwrap_or(a.channels),
            groups_input: a.groups_input.unwrap_or(1),
            groups_mixin: a.groups_input_mixin.unwrap_or(1),
            layer1x1,
            head1x1: head1x1.map(|h| (h.out_channels.unwrap_or(1), h.groups.unwrap_or(1))),
            films: [
                film(a.conv_pre_film.take()),
                film(a.conv_post_film.take()),
                film(a.input_mixin_pre_film.take()),
                film(a.input_mixin_post_film.take()),
                film(a.activation_pre_film.take()),
                film(a.activation_post_film.take()),
                film(a.layer1x1_post_film.take()),
                film(a.head1x1_post_film.take()),
            ],
            head: Head::read(a.head.take(), a.head_size, a.head_bias, at)?,
            layers: Layer::list(a, at)?,
        };
        array.check(at)?;
        if let Some(s) = slimmable {
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
            size(&format!("{at}.{key}"), n)?;
        }
        for layer in &self.layers {
            size(&format!("{at}.kernel_sizes"), layer.kernel)?;
            size(&format!("{at}.dilations"), layer.dilation)?;
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

impl Head {
    fn read(
        head: Option<HeadJson>,
        outputs: Option<usize>,
        bias: Option<bool>,
        at: &str,
    ) -> Result<Self, Error> {
        let new = head.map(|h| Self {
            outputs: h.out_channels,
            kernel: h.kernel_size,
            dilation: h.head_dilation.unwrap_or(1),
            bias: h.bias,
        });
        let bias = bias.unwrap_or(false);
        let old = outputs.map(|outputs| Self { outputs, kernel: 1, dilation: 1, bias });
        match (new, old) {
            // Both in one file is read by players of both kinds.
            (Some(new), Some(old)) if new != old => {
                Err(Error::invalid(at, "a head that is what head_size and head_bias say", "others"))
            }
            (Some(head), _) | (None, Some(head)) => Ok(head),
            (None, None) => Err(Error::invalid(at, "head or head_size", "neither")),
        }
    }
}

impl Layer {
    fn list(a: ArrayJson, at: &str) -> Result<Vec<Self>, Error> {
        let n = a.dilations.len();
        let bottleneck = a.bottleneck.unwrap_or(a.channels);
        let kernels = match (a.kernel_sizes, a.kernel_size) {
            (Some(list), None) | (None, Some(list)) => {
                list.list(n, &format!("{at}.kernel_sizes"), |k, _| Ok(k))?
            }
            _ => {
                let expected = "one of kernel_size and kernel_sizes";
                return Err(Error::invalid(at, expected, "both or none"));
            }
        };
        let resolve = |spec: Spec, at: &str| spec.resolve(at, bottleneck);
        let activations = a.activation.list(n, &format!("{at}.activation"), resolve)?;
        let pairings = pairings(a.gating_mode, a.gated, n, at)?;
        let secondary = a.secondary_activation.unwrap_or(PerLayer::All(None));
        let resolve = |spec: Option<Spec>, at: &str| {
            spec.map_or(Ok(Activation::Sigmoid), |spec| spec.resolve(at, bottleneck))
        };
        let secondary = secondary.list(n, &format!("{at}.secondary_activation"), resolve)?;
        let layer = |i: usize| Self {
            kernel: kernels[i],
            dilation: a.dilations[i],
            activation: activations[i].clone(),
            gate: pairings[i].clone().map(|pairing| (pairing, secondary[i].clone())),
        };
        Ok((0..n).map(layer).collect())
    }

    /// Channels before the activation: a gate needs as many again.
    pub(crate) fn width(&self, bottleneck: usize) -> usize {
        if self.gate.is_some() { 2 * bottleneck } else { bottleneck }
    }

    fn has_slopes(&self) -> bool {
        let slopes = |a: &Activation| matches!(a, Activation::PReLU { .. });
        slopes(&self.activation) || self.gate.as_ref().is_some_and(|(_, a)| slopes(a))
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
        size(&format!("{at}.channels"), h.channels)?;
        size(&format!("{at}.out_channels"), h.out_channels)?;
        layers(&format!("{at}.kernel_sizes"), h.kernel_sizes.len())?;
        for k in &h.kernel_sizes {
            size(&format!("{at}.kernel_sizes"), *k)?;
        }
        let named = matches!(h.activation, Spec::Named { .. });
        let at = format!("{at}.activation");
        let mut activations = vec![h.activation.resolve(&at, h.channels)?; h.kernel_sizes.len()];
        activations[0] = h.activation.resolve(&at, inputs)?;
        let (channels, outputs, kernels) = (h.channels, h.out_channels, h.kernel_sizes);
        Ok(Self { channels, outputs, kernels, activations, named })
    }
}

fn pairings(
    mode: Option<PerLayer<String>>,
    gated: Option<bool>,
    layers: usize,
    at: &str,
) -> Result<Vec<Option<Pairing>>, Error> {
    let legacy = gated.unwrap_or(false);
    if legacy && mode.is_some() {
        return Err(Error::invalid(at, "one of gated and gating_mode", "both"));
    }
    let name = if legacy { "gated" } else { "none" };
    let mode = mode.unwrap_or(PerLayer::All(name.to_owned()));
    mode.list(layers, &format!("{at}.gating_mode"), |mode, at| match mode.as_str() {
        "none" => Ok(None),
        "gated" => Ok(Some(Pairing::Gate)),
        "blended" => Ok(Some(Pairing::Blend)),
        other => Err(Error::unsupported(at, "none, gated or blended", other)),
    })
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
