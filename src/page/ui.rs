//! The small state of the interface: what is selected, which panels are open. It
//! is passed down as a context and changed by [`UiAction`]s.

use super::draft::Draft;
use crate::session::protocol::Subject;
use crate::sim::trace::Journey;
use std::rc::Rc;
use std::sync::Arc;
use yew::prelude::*;

/// A panel beside or below the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The editor.
    Manifest,
    /// The scenario that runs, and the list of them.
    Scenario,
    /// What is selected.
    Inspector,
    /// A packet's way.
    Journey,
    /// What happened.
    Events,
    /// Curves over time.
    Charts,
}

impl Panel {
    /// Those on the left.
    pub const LEFT: [Panel; 2] = [Panel::Scenario, Panel::Manifest];
    /// Those on the right.
    pub const RIGHT: [Panel; 2] = [Panel::Inspector, Panel::Journey];
    /// Those below.
    pub const BELOW: [Panel; 2] = [Panel::Events, Panel::Charts];
    /// All, as the sheet of a narrow screen has them.
    pub const ALL: [Panel; 6] = [
        Panel::Scenario,
        Panel::Manifest,
        Panel::Inspector,
        Panel::Journey,
        Panel::Events,
        Panel::Charts,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Panel::Manifest => "Manifest",
            Panel::Scenario => "Scenario",
            Panel::Inspector => "Inspector",
            Panel::Journey => "Packet",
            Panel::Events => "Events",
            Panel::Charts => "Charts",
        }
    }

    /// The edge that it belongs to.
    pub fn dock(self) -> Dock {
        match self {
            Panel::Manifest | Panel::Scenario => Dock::Left,
            Panel::Inspector | Panel::Journey => Dock::Right,
            Panel::Events | Panel::Charts => Dock::Below,
        }
    }
}

/// An edge of the stage where panels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dock {
    /// On the left.
    Left,
    /// On the right.
    Right,
    /// Below.
    Below,
}

/// A dock's state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DockState {
    /// Whether it is unfolded.
    pub open: bool,
    /// The panel that is shown.
    pub panel: Panel,
    /// Its width (or height, below) in pixels.
    pub size: f64,
}

/// A journey that is looked at hop by hop.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepping {
    /// The journey.
    pub journey: Arc<Journey>,
    /// Number of the leg.
    pub leg: usize,
    /// Number of the hop in the leg.
    pub hop: usize,
}

/// A line about what was done or why not.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// The line.
    pub text: String,
    /// Whether something was refused.
    pub refused: bool,
}

/// The state.
#[derive(Clone, Debug, PartialEq)]
pub struct Ui {
    /// What is selected, everywhere.
    pub selection: Option<Subject>,
    /// The journey that is looked at.
    pub stepping: Option<Stepping>,
    /// The packet that is about to be sent.
    pub draft: Draft,
    /// On the left.
    pub left: DockState,
    /// On the right.
    pub right: DockState,
    /// Below.
    pub below: DockState,
    /// The panel in the sheet of a narrow screen.
    pub sheet: Panel,
    /// Whether the sheet is unfolded.
    pub sheet_open: bool,
    /// Whether the screen is narrow.
    pub narrow: bool,
    /// Whether the light theme is on.
    pub light: bool,
    /// Whether the explanation of the picture is shown.
    pub help: bool,
    /// The last line about what was done.
    pub toast: Option<Toast>,
}

/// How wide the docks begin.
const DOCK_W: f64 = 340.0;
/// How high the timeline's dock begins.
const BELOW_H: f64 = 172.0;
/// Docks do not get smaller.
const DOCK_MIN: f64 = 120.0;

impl Ui {
    /// The state at the beginning, for a window of this width.
    pub fn new(width: f64, light: bool) -> Self {
        let dock = |panel, open, size| DockState { open, panel, size };
        Ui {
            selection: None,
            stepping: None,
            draft: Draft::default(),
            left: dock(Panel::Scenario, width >= 1500.0, DOCK_W),
            right: dock(Panel::Inspector, width >= 1100.0, DOCK_W),
            below: dock(Panel::Events, width >= 760.0, BELOW_H),
            sheet: Panel::Scenario,
            sheet_open: true,
            narrow: width < 760.0,
            light,
            help: false,
            toast: None,
        }
    }

    /// A dock's state.
    pub fn dock(&self, dock: Dock) -> &DockState {
        match dock {
            Dock::Left => &self.left,
            Dock::Right => &self.right,
            Dock::Below => &self.below,
        }
    }

    fn dock_mut(&mut self, dock: Dock) -> &mut DockState {
        match dock {
            Dock::Left => &mut self.left,
            Dock::Right => &mut self.right,
            Dock::Below => &mut self.below,
        }
    }

    fn show(&mut self, panel: Panel) {
        let dock = self.dock_mut(panel.dock());
        dock.panel = panel;
        dock.open = true;
        self.sheet = panel;
        self.sheet_open = true;
    }
}

/// A change of the state.
#[derive(Clone, Debug, PartialEq)]
pub enum UiAction {
    /// Selects something; the inspector shows it.
    Select(Option<Subject>),
    /// Shows a panel.
    Show(Panel),
    /// Folds or unfolds a dock.
    Fold(Dock),
    /// Makes a dock this wide or high.
    Resize(Dock, f64),
    /// Folds or unfolds the sheet.
    FoldSheet,
    /// The window has this width now.
    Window(f64),
    /// Light or dark.
    Light(bool),
    /// Shows or hides the explanation of the picture.
    Help(bool),
    /// Looks at a journey's hop, or no more.
    Step(Option<Stepping>),
    /// Changes the packet that is about to be sent.
    Draft(Draft),
    /// Says what was done.
    Say(Option<Toast>),
}

impl Reducible for Ui {
    type Action = UiAction;

    fn reduce(self: Rc<Self>, action: UiAction) -> Rc<Self> {
        let mut ui = (*self).clone();
        match action {
            // While a packet's ends are picked, a click fills them in.
            UiAction::Select(Some(subject)) if ui.draft.picking.is_some() => {
                ui.draft.pick(&subject);
            }
            UiAction::Select(subject) => {
                ui.draft.picking = None;
                if subject.is_some() && !ui.narrow {
                    ui.show(Panel::Inspector);
                } else if subject.is_some() {
                    ui.sheet = Panel::Inspector;
                }
                ui.selection = subject;
            }
            UiAction::Show(panel) => ui.show(panel),
            UiAction::Fold(dock) => {
                let dock = ui.dock_mut(dock);
                dock.open = !dock.open;
            }
            UiAction::Resize(dock, size) => {
                ui.dock_mut(dock).size = size.max(DOCK_MIN);
            }
            UiAction::FoldSheet => ui.sheet_open = !ui.sheet_open,
            UiAction::Window(width) => ui.narrow = width < 760.0,
            UiAction::Light(light) => ui.light = light,
            UiAction::Help(help) => ui.help = help,
            UiAction::Step(stepping) => ui.stepping = stepping,
            UiAction::Draft(draft) => ui.draft = draft,
            UiAction::Say(toast) => ui.toast = toast,
        }
        Rc::new(ui)
    }
}

/// The state with its dispatcher.
pub type UiHandle = UseReducerHandle<Ui>;

/// The state, as a context.
#[hook]
pub fn use_ui() -> UiHandle {
    let own = use_reducer(|| Ui::new(1200.0, false));
    use_context::<UiHandle>().unwrap_or(own)
}
