//! How much room things get: four levels of detail, from tiles that one can read
//! to specks that show health at a glance. Zooming in shows more at every level.

/// How much a pod gets to show when everything is in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Name, containers, restarts.
    Tile,
    /// Outline and glyph.
    Chip,
    /// Colour and form.
    Dot,
    /// Colour.
    Speck,
}

impl Level {
    /// From the richest to the barest.
    pub const ALL: [Level; 4] = [Level::Tile, Level::Chip, Level::Dot, Level::Speck];

    /// A level is good enough when everything fits at this zoom.
    pub fn zoom_wanted(self) -> f64 {
        match self {
            Level::Tile => 0.74,
            Level::Chip => 0.55,
            Level::Dot => 0.5,
            Level::Speck => 0.0,
        }
    }

    /// Its sizes.
    pub fn metrics(self) -> &'static Metrics {
        match self {
            Level::Tile => &TILE,
            Level::Chip => &CHIP,
            Level::Dot => &DOT,
            Level::Speck => &SPECK,
        }
    }
}

/// Sizes in units of the stage; a unit is a pixel at zoom 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// A pod's width.
    pub slot_w: f64,
    /// A pod's height.
    pub slot_h: f64,
    /// Between pods above each other.
    pub gap: f64,
    /// Beside each column of pods: the veth wires run down here.
    pub gutter: f64,
    /// Inside a node card, all around.
    pub pad: f64,
    /// A card's name, state and meters.
    pub head: f64,
    /// A card's wiring.
    pub foot: f64,
    /// Between cards beside each other.
    pub card_gap: f64,
    /// Between rows of cards: the underlay runs here.
    pub row_gap: f64,
    /// No card is narrower.
    pub card_w_min: f64,
    /// Pods that a card has room for at least.
    pub seats_min: usize,
    /// Height of the control plane's boxes.
    pub box_h: f64,
    /// Height of the API server's bar.
    pub bar_h: f64,
    /// Between boxes and bar, and bar and cards.
    pub lead: f64,
    /// Width of the outside world's column.
    pub outside_w: f64,
}

const TILE: Metrics = Metrics {
    slot_w: 96.0,
    slot_h: 42.0,
    gap: 6.0,
    gutter: 13.0,
    pad: 8.0,
    head: 68.0,
    foot: 78.0,
    card_gap: 20.0,
    row_gap: 44.0,
    card_w_min: 236.0,
    seats_min: 4,
    box_h: 96.0,
    bar_h: 42.0,
    lead: 26.0,
    outside_w: 110.0,
};

const CHIP: Metrics = Metrics {
    slot_w: 38.0,
    slot_h: 22.0,
    gap: 6.0,
    gutter: 9.0,
    pad: 8.0,
    head: 54.0,
    foot: 62.0,
    card_gap: 16.0,
    row_gap: 34.0,
    card_w_min: 172.0,
    seats_min: 6,
    box_h: 84.0,
    bar_h: 38.0,
    lead: 20.0,
    outside_w: 92.0,
};

const DOT: Metrics = Metrics {
    slot_w: 11.0,
    slot_h: 11.0,
    gap: 3.0,
    gutter: 3.0,
    pad: 6.0,
    head: 36.0,
    foot: 18.0,
    card_gap: 12.0,
    row_gap: 20.0,
    card_w_min: 104.0,
    seats_min: 14,
    box_h: 84.0,
    bar_h: 34.0,
    lead: 18.0,
    outside_w: 92.0,
};

const SPECK: Metrics = Metrics {
    slot_w: 5.0,
    slot_h: 5.0,
    gap: 1.0,
    gutter: 1.0,
    pad: 4.0,
    head: 17.0,
    foot: 5.0,
    card_gap: 6.0,
    row_gap: 9.0,
    card_w_min: 58.0,
    seats_min: 16,
    box_h: 84.0,
    bar_h: 34.0,
    lead: 18.0,
    outside_w: 92.0,
};
