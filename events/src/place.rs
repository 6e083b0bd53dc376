//! Where an entry was.

use serde::{Deserialize, Serialize};

/// A name, coordinates, or both. A latitude has a longitude.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub latitude: Option<Degrees>,
    #[serde(default)]
    pub longitude: Option<Degrees>,
}

/// An angle on the earth (WGS 84), kept to seven places, which are a centimetre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Degrees(f64);

/// It is always a number: JSON has no other, and [`Degrees::within`] takes none.
impl Eq for Degrees {}

impl Degrees {
    /// `None` for what is no number, or further from zero than `most`.
    pub fn within(degrees: f64, most: f64) -> Option<Self> {
        // Adding zero makes -0 a 0.
        let rounded = (degrees * 1e7).round() / 1e7 + 0.0;
        (rounded.is_finite() && rounded.abs() <= most).then_some(Self(rounded))
    }

    pub fn value(self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_kept_to_seven_places_and_come_back_the_same() {
        let degrees = Degrees::within(52.520_006_599_999, 90.0).unwrap();
        let json = serde_json::to_string(&degrees).unwrap();
        assert_eq!(json, "52.5200066");
        assert_eq!(serde_json::from_str::<Degrees>(&json).unwrap(), degrees);
        assert_eq!(serde_json::to_string(&Degrees::within(-0.000_000_000_1, 90.0).unwrap()).unwrap(), "0.0");
    }

    #[test]
    fn what_is_not_on_the_earth_is_no_angle() {
        for wrong in [90.000_001, -91.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Degrees::within(wrong, 90.0), None, "{wrong}");
        }
        assert_eq!(Degrees::within(180.0, 180.0).map(Degrees::value), Some(180.0));
    }
}
