//! The tensors of `model.safetensors`, as 32-bit floats and in the shape that the network expects.

use anyhow::{Context, Result, bail, ensure};
use half::{bf16, f16};
use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors};

pub struct Weights<'a>(SafeTensors<'a>);

impl<'a> Weights<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        Ok(Self(SafeTensors::deserialize(bytes)?))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    pub fn vector(&self, name: &str, len: usize) -> Result<Array1<f32>> {
        let (shape, values) = self.tensor(name)?;
        ensure!(shape == [len], "{name} has the shape {shape:?} instead of [{len}]");
        Ok(Array1::from_vec(values))
    }

    pub fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Array2<f32>> {
        let (shape, values) = self.tensor(name)?;
        ensure!(shape == [rows, columns], "{name} has the shape {shape:?} instead of [{rows}, {columns}]");
        Array2::from_shape_vec((rows, columns), values).with_context(|| name.to_owned())
    }

    fn tensor(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let tensor = self.0.tensor(name)?;
        let bytes = tensor.data();
        let values = match tensor.dtype() {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Dtype::F16 => bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
            Dtype::BF16 => bytes.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
            other => bail!("{name} consists of {other:?}; this program reads F32, F16 and BF16"),
        };
        Ok((tensor.shape().to_vec(), values))
    }
}
