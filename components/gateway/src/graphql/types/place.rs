//! Where entries were.

use crate::services::journal;
use async_graphql::{InputObject, SimpleObject};

/// Where an entry was: a name, coordinates, or both.
#[derive(SimpleObject)]
pub struct Place {
    /// As the user calls it.
    name: Option<String>,
    /// In degrees (WGS 84), north of the equator positive.
    latitude: Option<f64>,
    /// In degrees, east of Greenwich positive.
    longitude: Option<f64>,
}

/// Where an entry was: a name, coordinates, or both. A latitude has a longitude.
#[derive(InputObject)]
pub struct PlaceInput {
    /// 1 to 200 characters.
    name: Option<String>,
    /// In degrees (WGS 84), from -90 to 90; kept to seven places.
    latitude: Option<f64>,
    /// In degrees, from -180 to 180; kept to seven places.
    longitude: Option<f64>,
}

impl From<mindflow_guest::journal::Place> for Place {
    fn from(place: mindflow_guest::journal::Place) -> Self {
        Self { name: place.name, latitude: place.latitude, longitude: place.longitude }
    }
}

impl From<PlaceInput> for journal::Place {
    fn from(PlaceInput { name, latitude, longitude }: PlaceInput) -> Self {
        Self { name, latitude, longitude }
    }
}
