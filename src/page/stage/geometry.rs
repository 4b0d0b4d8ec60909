//! Points, rectangles and polylines in the plane of the stage.

/// A point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point {
    /// The point at (`x`, `y`).
    pub const fn new(x: f64, y: f64) -> Self {
        Point { x, y }
    }

    /// Straight distance to `other`.
    pub fn distance(self, other: Point) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point at `part` (0 to 1) of the way to `other`.
    pub fn toward(self, other: Point, part: f64) -> Point {
        Point::new(
            self.x + (other.x - self.x) * part,
            self.y + (other.y - self.y) * part,
        )
    }
}

/// A rectangle with its sides along the axes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left side.
    pub x: f64,
    /// Upper side.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// A rectangle by its upper left corner and size.
    pub const fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Rect { x, y, w, h }
    }

    /// Right side.
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Lower side.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// Its middle.
    pub fn center(&self) -> Point {
        Point::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Whether `point` lies inside or on the left or upper side.
    pub fn contains(&self, point: Point) -> bool {
        point.x >= self.x && point.x < self.right() && point.y >= self.y && point.y < self.bottom()
    }

    /// Whether the two share any area.
    pub fn meets(&self, other: &Rect) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// The rectangle with `by` taken from every side; never of negative size.
    pub fn inset(&self, by: f64) -> Rect {
        Rect::new(
            self.x + by,
            self.y + by,
            (self.w - 2.0 * by).max(0.0),
            (self.h - 2.0 * by).max(0.0),
        )
    }

    /// The smallest rectangle that holds both.
    pub fn union(&self, other: &Rect) -> Rect {
        let x = self.x.min(other.x);
        let y = self.y.min(other.y);
        Rect::new(
            x,
            y,
            self.right().max(other.right()) - x,
            self.bottom().max(other.bottom()) - y,
        )
    }

    /// The rectangle at `part` (0 to 1) of the way to `other`.
    pub fn toward(&self, other: &Rect, part: f64) -> Rect {
        let mix = |a: f64, b: f64| a + (b - a) * part;
        Rect::new(
            mix(self.x, other.x),
            mix(self.y, other.y),
            mix(self.w, other.w),
            mix(self.h, other.h),
        )
    }
}

/// Length of a polyline.
pub fn length(path: &[Point]) -> f64 {
    path.windows(2).map(|pair| pair[0].distance(pair[1])).sum()
}

/// The point at `distance` along a polyline; its ends beyond them.
pub fn along(path: &[Point], distance: f64) -> Point {
    let mut left = distance.max(0.0);
    for pair in path.windows(2) {
        let part = pair[0].distance(pair[1]);
        if left <= part {
            return match part {
                0.0 => pair[1],
                part => pair[0].toward(pair[1], left / part),
            };
        }
        left -= part;
    }
    path.last().copied().unwrap_or_default()
}

/// Ease-out (cubic) for arrivals: `part` of the time, 0 to 1.
pub fn ease_out(part: f64) -> f64 {
    1.0 - (1.0 - part.clamp(0.0, 1.0)).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_along_a_polyline_turns_its_corners() {
        let path = [
            Point::new(0.0, 0.0),
            Point::new(10.0, 0.0),
            Point::new(10.0, 10.0),
        ];
        assert_eq!(length(&path), 20.0);
        for (distance, x, y) in [
            (-1.0, 0.0, 0.0),
            (5.0, 5.0, 0.0),
            (10.0, 10.0, 0.0),
            (15.0, 10.0, 5.0),
            (99.0, 10.0, 10.0),
        ] {
            assert_eq!(along(&path, distance), Point::new(x, y));
        }
        assert_eq!(along(&[], 1.0), Point::default());
    }

    #[test]
    fn rectangles_meet_only_where_they_share_area() {
        let rect = Rect::new(0.0, 0.0, 10.0, 10.0);
        assert!(rect.meets(&Rect::new(9.0, 9.0, 5.0, 5.0)));
        assert!(!rect.meets(&Rect::new(10.0, 0.0, 5.0, 5.0)));
        assert!(rect.contains(Point::new(0.0, 0.0)));
        assert!(!rect.contains(Point::new(10.0, 0.0)));
        assert_eq!(rect.inset(6.0).w, 0.0);
    }

    #[test]
    fn easing_begins_and_ends_where_it_should() {
        assert_eq!(ease_out(0.0), 0.0);
        assert_eq!(ease_out(1.0), 1.0);
        assert!(ease_out(0.5) > 0.8);
    }
}
