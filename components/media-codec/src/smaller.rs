//! Smaller sizes of a picture. A pixel of it is the average of several. Where pixels can be transparent, each counts for as much
//! as it can be seen: a transparent pixel has some colour too, often black, which would else be a dark fringe.

use image::DynamicImage;

/// Made smaller where a side is longer, never larger.
pub fn within(image: DynamicImage, side_max: u32) -> DynamicImage {
    if image.width().max(image.height()) <= side_max {
        return image;
    }
    let image = each_colour(image, premultiplied);
    each_colour(image.thumbnail(side_max, side_max), unmultiplied)
}

fn premultiplied(colour: u32, alpha: u32, max: u32) -> u32 {
    (colour * alpha + max / 2) / max
}

fn unmultiplied(colour: u32, alpha: u32, max: u32) -> u32 {
    (colour * max + alpha / 2).checked_div(alpha).unwrap_or(0).min(max)
}

/// Changes the colours of an image with alpha, by colour, alpha, and the largest value of both. Others stay as they are.
/// Values of 16 bits fit: (2¹⁶ − 1)² + 2¹⁵ is less than 2³².
fn each_colour(mut image: DynamicImage, change: impl Fn(u32, u32, u32) -> u32) -> DynamicImage {
    let bytes = |colour, alpha| change(colour, alpha, u8::MAX.into());
    let words = |colour, alpha| change(colour, alpha, u16::MAX.into());
    match &mut image {
        DynamicImage::ImageLumaA8(pixels) => each(pixels, 2, bytes),
        DynamicImage::ImageRgba8(pixels) => each(pixels, 4, bytes),
        DynamicImage::ImageLumaA16(pixels) => each(pixels, 2, words),
        DynamicImage::ImageRgba16(pixels) => each(pixels, 4, words),
        _ => {}
    }
    image
}

/// Alpha is the last value of a pixel.
fn each<V: Copy + Into<u32> + TryFrom<u32>>(values: &mut [V], per_pixel: usize, change: impl Fn(u32, u32) -> u32) {
    for pixel in values.chunks_exact_mut(per_pixel) {
        let Some((alpha, colours)) = pixel.split_last_mut() else { continue };
        let alpha = (*alpha).into();
        for colour in colours {
            *colour = V::try_from(change((*colour).into(), alpha)).unwrap_or(*colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GenericImageView, Rgba, RgbaImage};

    /// White on nothing, whose pixels are black as most programs write them. The edge is within a pixel of the smaller size.
    fn white_on_nothing() -> DynamicImage {
        RgbaImage::from_fn(1_000, 40, |x, _| if x < 502 { Rgba([0; 4]) } else { Rgba([255; 4]) }).into()
    }

    #[test]
    fn the_edge_of_what_is_white_stays_white_in_every_depth() {
        let image = white_on_nothing();
        for (name, image) in [
            ("rgba8", image.clone()),
            ("rgba16", image.to_rgba16().into()),
            ("la8", image.to_luma_alpha8().into()),
            ("la16", image.to_luma_alpha16().into()),
        ] {
            let color = image.color();
            let small = within(image, 100);
            assert_eq!((small.color(), small.dimensions()), (color, (100, 4)), "{name}");
            let seen: Vec<_> = (0..100).map(|x| small.get_pixel(x, 2).0).filter(|pixel| pixel[3] > 0).collect();
            assert!(seen.iter().any(|pixel| pixel[3] < 255), "{name}: the edge is half transparent");
            assert!(seen.iter().all(|pixel| pixel[..3] == [255; 3]), "{name}: {seen:?}");
        }
    }

    #[test]
    fn what_hides_nothing_is_averaged_as_before() {
        let opaque = RgbaImage::from_fn(600, 400, |x, y| Rgba([x as u8, y as u8, (x * y) as u8, 255]));
        let image = DynamicImage::from(opaque);
        assert_eq!(within(image.clone(), 256), image.thumbnail(256, 256));
        assert_eq!(within(image.clone(), 600), image);
    }

    #[test]
    fn colours_survive_being_multiplied_and_back_where_they_can_be_seen() {
        for max in [u32::from(u8::MAX), u32::from(u16::MAX)] {
            for colour in [0, 1, max / 3, max - 1, max] {
                assert_eq!(unmultiplied(premultiplied(colour, max, max), max, max), colour);
                let half = unmultiplied(premultiplied(colour, max / 2, max), max / 2, max);
                assert!(half.abs_diff(colour) <= 2, "{colour} of {max}: {half}");
                assert_eq!(unmultiplied(premultiplied(colour, 0, max), 0, max), 0);
            }
        }
    }
}
