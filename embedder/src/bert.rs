//! The encoder of BERT (Devlin, Chang, Lee and Toutanova, 2018) on the CPU, for one text at a time.
//!
//! It is written out here because the libraries that have it bring every model and every number format, and
//! take minutes to compile.

use crate::weights::Weights;
use anyhow::{Context, Result, ensure};
use ndarray::{Array1, Array2, Axis, s};
use serde::Deserialize;
use std::f32::consts::{FRAC_1_SQRT_2, PI};

/// What `config.json` says, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct Config {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    hidden_act: Activation,
    layer_norm_eps: f32,
    model_type: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Activation {
    Gelu,
    #[serde(alias = "gelu_new")]
    GeluApproximate,
    Relu,
}

pub struct Bert {
    words: Array2<f32>,
    positions: Array2<f32>,
    /// Of the first token type: a text is never one of a pair here.
    token_type: Array1<f32>,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct Layer {
    heads: usize,
    query: Linear,
    key: Linear,
    value: Linear,
    attention: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    activation: Activation,
    output: Linear,
    output_norm: LayerNorm,
}

struct Linear {
    /// One row for each output.
    weight: Array2<f32>,
    bias: Array1<f32>,
}

struct LayerNorm {
    weight: Array1<f32>,
    bias: Array1<f32>,
    epsilon: f32,
}

// === impl Bert ===

impl Bert {
    pub fn load(weights: &Weights<'_>, config: &Config) -> Result<Self> {
        let (hidden, heads) = (config.hidden_size, config.num_attention_heads);
        ensure!(hidden.checked_rem(heads) == Some(0), "{heads} attention heads cannot share {hidden} dimensions");
        // Some files hold the encoder alone, some hold it as a part of a larger model.
        let prefix = match &config.model_type {
            Some(name) if weights.has(&format!("{name}.embeddings.word_embeddings.weight")) => format!("{name}."),
            _ => String::new(),
        };
        let table = |name: &str, rows: usize| {
            weights.matrix(&format!("{prefix}embeddings.{name}_embeddings.weight"), rows, hidden)
        };
        let token_types = table("token_type", config.type_vocab_size)?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::load(weights, &format!("{prefix}encoder.layer.{index}"), config))
            .collect::<Result<_>>()?;
        Ok(Self {
            words: table("word", config.vocab_size)?,
            positions: table("position", config.max_position_embeddings)?,
            token_type: token_types.rows().into_iter().next().context("type_vocab_size is 0")?.to_owned(),
            norm: LayerNorm::load(weights, &format!("{prefix}embeddings.LayerNorm"), config)?,
            layers,
        })
    }

    /// The meaning of each token in its text, one row for each.
    pub fn forward(&self, tokens: &[u32]) -> Result<Array2<f32>> {
        let longest = self.positions.nrows();
        ensure!(tokens.len() <= longest, "the model reads at most {longest} tokens");
        let indices = tokens.iter().map(|token| usize::try_from(*token)).collect::<Result<Vec<_>, _>>()?;
        let known = indices.iter().all(|index| *index < self.words.nrows());
        ensure!(known, "tokenizer.json has tokens that model.safetensors does not have");
        let mut hidden = self.words.select(Axis(0), &indices);
        hidden += &self.positions.slice(s![..tokens.len(), ..]);
        hidden += &self.token_type;
        self.norm.apply(&mut hidden);
        for layer in &self.layers {
            hidden = layer.forward(&hidden);
        }
        Ok(hidden)
    }
}

// === impl Layer ===

impl Layer {
    fn load(weights: &Weights<'_>, name: &str, config: &Config) -> Result<Self> {
        let (hidden, intermediate) = (config.hidden_size, config.intermediate_size);
        let linear = |part: &str, inputs: usize, outputs: usize| {
            Linear::load(weights, &format!("{name}.{part}"), inputs, outputs)
        };
        let norm = |part: &str| LayerNorm::load(weights, &format!("{name}.{part}.LayerNorm"), config);
        Ok(Self {
            heads: config.num_attention_heads,
            query: linear("attention.self.query", hidden, hidden)?,
            key: linear("attention.self.key", hidden, hidden)?,
            value: linear("attention.self.value", hidden, hidden)?,
            attention: linear("attention.output.dense", hidden, hidden)?,
            attention_norm: norm("attention.output")?,
            intermediate: linear("intermediate.dense", hidden, intermediate)?,
            activation: config.hidden_act,
            output: linear("output.dense", intermediate, hidden)?,
            output_norm: norm("output")?,
        })
    }

    fn forward(&self, hidden: &Array2<f32>) -> Array2<f32> {
        let mut attended = self.attention.apply(&self.attend(hidden));
        attended += hidden;
        self.attention_norm.apply(&mut attended);
        let mut intermediate = self.intermediate.apply(&attended);
        intermediate.mapv_inplace(|value| self.activation.apply(value));
        let mut output = self.output.apply(&intermediate);
        output += &attended;
        self.output_norm.apply(&mut output);
        output
    }

    /// What each token takes over from the others, head by head.
    #[expect(clippy::cast_precision_loss, reason = "a head has some dozens of dimensions")]
    fn attend(&self, hidden: &Array2<f32>) -> Array2<f32> {
        let (query, key, value) = (self.query.apply(hidden), self.key.apply(hidden), self.value.apply(hidden));
        let size = query.ncols() / self.heads;
        let scale = (size as f32).sqrt().recip();
        let mut context = Array2::zeros(query.raw_dim());
        for head in 0..self.heads {
            let part = s![.., head * size..(head + 1) * size];
            let mut scores = query.slice(part).dot(&key.slice(part).t());
            scores *= scale;
            softmax(&mut scores);
            context.slice_mut(part).assign(&scores.dot(&value.slice(part)));
        }
        context
    }
}

/// Of each row.
fn softmax(scores: &mut Array2<f32>) {
    for mut row in scores.rows_mut() {
        let max = row.fold(f32::NEG_INFINITY, |max, value| max.max(*value));
        row.mapv_inplace(|value| (value - max).exp());
        let sum = row.sum();
        row /= sum;
    }
}

// === impl Linear ===

impl Linear {
    fn load(weights: &Weights<'_>, name: &str, inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self {
            weight: weights.matrix(&format!("{name}.weight"), outputs, inputs)?,
            bias: weights.vector(&format!("{name}.bias"), outputs)?,
        })
    }

    fn apply(&self, input: &Array2<f32>) -> Array2<f32> {
        let mut output = input.dot(&self.weight.t());
        output += &self.bias;
        output
    }
}

// === impl LayerNorm ===

impl LayerNorm {
    fn load(weights: &Weights<'_>, name: &str, config: &Config) -> Result<Self> {
        Ok(Self {
            weight: weights.vector(&format!("{name}.weight"), config.hidden_size)?,
            bias: weights.vector(&format!("{name}.bias"), config.hidden_size)?,
            epsilon: config.layer_norm_eps,
        })
    }

    /// To each row.
    fn apply(&self, hidden: &mut Array2<f32>) {
        for mut row in hidden.rows_mut() {
            let mean = row.mean().unwrap_or_default();
            row -= mean;
            let variance = row.pow2().mean().unwrap_or_default();
            row *= (variance + self.epsilon).sqrt().recip();
            row *= &self.weight;
            row += &self.bias;
        }
    }
}

// === impl Activation ===

impl Activation {
    /// Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    fn apply(self, value: f32) -> f32 {
        match self {
            Self::Gelu => 0.5 * value * (1.0 + libm::erff(value * FRAC_1_SQRT_2)),
            Self::GeluApproximate => {
                0.5 * value * (1.0 + ((2.0 / PI).sqrt() * (value + 0.044_715 * value.powi(3))).tanh())
            }
            Self::Relu => value.max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_have_the_values_of_their_definitions() {
        for (activation, at_one, at_minus_one) in [
            (Activation::Gelu, 0.841_345, -0.158_655),
            (Activation::GeluApproximate, 0.841_192, -0.158_808),
            (Activation::Relu, 1.0, 0.0),
        ] {
            assert!((activation.apply(1.0) - at_one).abs() < 1e-5, "{activation:?}");
            assert!((activation.apply(-1.0) - at_minus_one).abs() < 1e-5, "{activation:?}");
            assert_eq!(activation.apply(0.0), 0.0);
        }
        let named = |name: &str| serde_json::from_value::<Activation>(name.into()).unwrap();
        assert_eq!(named("gelu"), Activation::Gelu);
        assert_eq!(
            (named("gelu_new"), named("gelu_approximate")),
            (Activation::GeluApproximate, Activation::GeluApproximate)
        );
    }

    #[test]
    fn each_row_of_a_softmax_adds_up_to_one_however_large_its_scores_are() {
        let mut scores = Array2::from_shape_vec((2, 2), vec![0.0, 3_f32.ln(), 1e9, 1e9]).unwrap();
        softmax(&mut scores);
        for (found, expected) in scores.iter().zip([0.25, 0.75, 0.5, 0.5]) {
            assert!((found - expected).abs() < 1e-6, "{scores}");
        }
    }
}
