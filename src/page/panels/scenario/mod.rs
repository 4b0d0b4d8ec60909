//! Lessons: the list of them, the one that runs, and the header's choice.
//!
//! | module | what lives there |
//! |---|---|
//! | `catalogue` | what there is |
//! | `list` | the panel while none runs |
//! | `welcome` | what a newcomer sees first |
//! | `running` | the panel while one runs |
//! | `picker` | the header's choice; it also keeps page and scenario in step |
//! | `address` | the page's address |

mod address;
mod catalogue;
mod list;
mod picker;
mod running;
mod welcome;

pub(super) use picker::Picker;

use crate::page::app::use_world;
use yew::prelude::*;

/// The panel.
#[component]
pub(super) fn ScenarioPanel() -> Html {
    let app = use_world(250);
    let view = app.world().scenario.clone();
    if view.name.is_empty() {
        html! { <list::List trouble={view.goal} /> }
    } else {
        html! { <running::Running {view} /> }
    }
}
