//! A BERT sentence model: the mean of what it says of a text's tokens, at length 1.

use crate::{bert::Bert, weights::Weights, word_piece::WordPiece};
use anyhow::{Context, Result};
use ndarray::{Array1, Axis};
use std::path::Path;

/// Tokens that the model reads of a text, the two around a text included; it was trained on no more.
const TOKENS_MAX: usize = 256;
/// Parts of a long text that are read: some 3,000 words. The vector of a text is the mean of its parts'.
const PARTS_MAX: usize = 16;

pub struct Model {
    bert: Bert,
    tokenizer: WordPiece,
    before: u32,
    after: u32,
}

impl Model {
    pub fn load(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let config = serde_json::from_slice(&read("config.json")?).context("config.json")?;
        let tokenizer = WordPiece::read(&read("tokenizer.json")?).context("tokenizer.json")?;
        let special = |token: &str| tokenizer.id(token).with_context(|| format!("tokenizer.json has no {token}"));
        let (before, after) = (special("[CLS]")?, special("[SEP]")?);
        let tensors = read("model.safetensors")?;
        let bert =
            Weights::read(&tensors).and_then(|weights| Bert::load(&weights, &config)).context("model.safetensors")?;
        Ok(Self { bert, tokenizer, before, after })
    }

    /// A text without a single word has the vector of nothing.
    pub fn embed(&self, text: &str) -> Result<Vec<f32>> {
        let tokens = self.tokenizer.tokens(text, (TOKENS_MAX - 2) * PARTS_MAX);
        let mut parts = tokens.chunks(TOKENS_MAX - 2).collect::<Vec<_>>();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let mut sum = Array1::zeros(0);
        for tokens in parts {
            let vector = self.part(tokens)?;
            sum = if sum.is_empty() { vector } else { sum + vector };
        }
        Ok(unit(sum).to_vec())
    }

    fn part(&self, tokens: &[u32]) -> Result<Array1<f32>> {
        let mut ids = Vec::with_capacity(tokens.len() + 2);
        ids.push(self.before);
        ids.extend_from_slice(tokens);
        ids.push(self.after);
        Ok(unit(self.bert.forward(&ids)?.sum_axis(Axis(0))))
    }
}

/// At length 1: the sum of vectors has the direction of their mean.
fn unit(vector: Array1<f32>) -> Array1<f32> {
    let length = vector.pow2().sum().sqrt();
    vector / length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let folder = std::env::var("MINDFLOW_TEST_MODEL")
            .unwrap_or_else(|_| panic!("MINDFLOW_TEST_MODEL is not set: run scripts/test, which installs the model"));
        Model::load(Path::new(&folder)).unwrap()
    }

    fn cosine(one: &[f32], other: &[f32]) -> f32 {
        one.iter().zip(other).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn texts_of_one_meaning_are_near_and_others_far_whatever_their_words() {
        let model = model();
        let embed = |text: &str| model.embed(text).unwrap();
        let drained = embed("The office drained me today.");
        assert_eq!(drained.len(), 384);
        assert!((cosine(&drained, &drained) - 1.0).abs() < 1e-4);
        let near = cosine(&drained, &embed("exhausted from work"));
        let far = cosine(&drained, &embed("We baked a cake with plums."));
        assert!(near > 0.4 && far < 0.2, "{near} {far}");
    }

    #[test]
    fn a_long_text_is_read_in_parts_to_its_end() {
        let model = model();
        let long = format!("{} In the end we bought a red bicycle.", "It rained. ".repeat(150));
        let short = "It rained. ".repeat(150);
        let bicycle = model.embed("a bicycle").unwrap();
        let with = cosine(&bicycle, &model.embed(&long).unwrap());
        let without = cosine(&bicycle, &model.embed(&short).unwrap());
        assert!(with > without, "{with} {without}");
    }

    #[test]
    fn any_text_has_a_vector() {
        let model = model();
        for text in ["", " ", "\u{0}", "東京", &"x".repeat(100_000)] {
            assert!(model.embed(text).unwrap().iter().all(|part| part.is_finite()), "{text:.9}");
        }
    }
}
