//! What a WaveNet's configuration looks like in a file, in the spelling of every
//! version.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::config::Film;
use crate::Error;
use crate::activation::Spec;
use crate::model::MAX_SIZES;

#[derive(Deserialize)]
pub(super) struct NetJson<'a> {
    #[serde(borrow)]
    pub(super) layers: Vec<&'a RawValue>,
    pub(super) head: Option<PostHeadJson>,
    pub(super) in_channels: Option<usize>,
    #[serde(borrow)]
    pub(super) condition_dsp: Option<&'a RawValue>,
    /// Repeated by the last weight, which counts.
    #[serde(rename = "head_scale")]
    pub(super) _head_scale: Option<f64>,
}

pub(super) const NET_KEYS: &[&str] =
    &["layers", "head", "in_channels", "condition_dsp", "head_scale"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostHeadJson {
    pub(super) channels: usize,
    pub(super) out_channels: usize,
    pub(super) kernel_sizes: Vec<usize>,
    pub(super) activation: Spec,
    pub(super) in_channels: Option<usize>,
}

#[derive(Deserialize)]
pub(super) struct ArrayJson {
    pub(super) input_size: usize,
    pub(super) condition_size: usize,
    pub(super) channels: usize,
    pub(super) bottleneck: Option<usize>,
    pub(super) dilations: Vec<usize>,
    pub(super) kernel_size: Option<PerLayer<usize>>,
    pub(super) kernel_sizes: Option<PerLayer<usize>>,
    pub(super) head: Option<HeadJson>,
    pub(super) head_size: Option<usize>,
    pub(super) head_bias: Option<bool>,
    pub(super) activation: PerLayer<Spec>,
    pub(super) gating_mode: Option<PerLayer<String>>,
    pub(super) secondary_activation: Option<PerLayer<Option<Spec>>>,
    pub(super) gated: Option<bool>,
    pub(super) groups_input: Option<usize>,
    pub(super) groups_input_mixin: Option<usize>,
    pub(super) layer1x1: Option<Layer1x1Json>,
    pub(super) head1x1: Option<Head1x1Json>,
    pub(super) slimmable: Option<SlimmableJson>,
    pub(super) conv_pre_film: Option<FilmJson>,
    pub(super) conv_post_film: Option<FilmJson>,
    pub(super) input_mixin_pre_film: Option<FilmJson>,
    pub(super) input_mixin_post_film: Option<FilmJson>,
    pub(super) activation_pre_film: Option<FilmJson>,
    pub(super) activation_post_film: Option<FilmJson>,
    pub(super) layer1x1_post_film: Option<FilmJson>,
    pub(super) head1x1_post_film: Option<FilmJson>,
}

pub(super) const ARRAY_KEYS: &[&str] = &[
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
pub(super) enum PerLayer<T> {
    Each(Vec<T>),
    All(T),
}

impl<T> PerLayer<T> {
    /// A value for each layer, made by `make` from what the file says for it. What
    /// is said once is made once: the file is not yet trusted to be of sane size.
    pub(super) fn list<U: Clone>(
        self,
        layers: usize,
        at: &str,
        mut make: impl FnMut(T, &str) -> Result<U, Error>,
    ) -> Result<Vec<U>, Error> {
        match self {
            PerLayer::All(v) => Ok(vec![make(v, at)?; layers]),
            PerLayer::Each(list) if list.len() == layers => {
                let made = |(i, v)| make(v, &format!("{at}[{i}]"));
                list.into_iter().enumerate().map(made).collect()
            }
            PerLayer::Each(list) => {
                let expected = format!("{layers} values, one for each dilation");
                Err(Error::invalid(at, expected, list.len()))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadJson {
    pub(super) out_channels: usize,
    pub(super) kernel_size: usize,
    pub(super) bias: bool,
    pub(super) head_dilation: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layer1x1Json {
    pub(super) active: Option<bool>,
    pub(super) groups: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head1x1Json {
    pub(super) active: Option<bool>,
    pub(super) out_channels: Option<usize>,
    pub(super) groups: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum FilmJson {
    Flag(bool),
    Object(FilmObject),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilmObject {
    pub(super) active: Option<bool>,
    pub(super) shift: Option<bool>,
    pub(super) groups: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlimmableJson {
    pub(super) method: String,
    pub(super) kwargs: Option<SlimmableKwargs>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlimmableKwargs {
    pub(super) allowed_channels: Option<Vec<usize>>,
    // These two concern training alone.
    #[serde(rename = "boosting")]
    pub(super) _boosting: Option<IgnoredAny>,
    #[serde(rename = "init_strategy")]
    pub(super) _init_strategy: Option<IgnoredAny>,
}

impl FilmJson {
    pub(super) fn film(self) -> Option<Film> {
        match self {
            FilmJson::Flag(on) => on.then_some(Film { shift: true, groups: 1 }),
            FilmJson::Object(o) => o
                .active
                .unwrap_or(true)
                .then(|| Film { shift: o.shift.unwrap_or(true), groups: o.groups.unwrap_or(1) }),
        }
    }
}

impl SlimmableJson {
    /// The widths a network of `channels` may be cut to.
    pub(super) fn widths(self, channels: usize, at: &str) -> Result<Vec<usize>, Error> {
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
