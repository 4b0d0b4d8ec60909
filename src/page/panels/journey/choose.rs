//! A drop-down list whose choice can also be made elsewhere.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// One choice: value and label.
pub type Choice = (String, String);
/// Choices under a heading; without one where it is empty.
pub type Choices = Vec<(&'static str, Vec<Choice>)>;

/// What the list needs.
#[derive(Properties, PartialEq)]
pub struct ChooseProps {
    /// What is chosen.
    pub label: &'static str,
    /// The value chosen now.
    pub now: Option<String>,
    /// What can be chosen.
    pub choices: Choices,
    /// Gets the value that was chosen.
    pub choose: Callback<String>,
}

/// The list with its label.
#[component]
pub fn Choose(props: &ChooseProps) -> Html {
    let select = use_node_ref();
    {
        let select = select.clone();
        let shown = (props.now.clone(), props.choices.clone());
        // Once somebody has chosen by hand, attributes no longer move the choice.
        use_effect_with(shown, move |(now, _)| {
            if let Some(select) = select.cast::<HtmlSelectElement>() {
                select.set_value(now.as_deref().unwrap_or_default());
            }
        });
    }
    let choose = props.choose.clone();
    let onchange = Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            choose.emit(select.value());
        }
    });
    let listed = |value: &str| {
        let mut all = props.choices.iter().flat_map(|(_, choices)| choices);
        all.any(|(other, _)| other == value)
    };
    // Picked on the stage, and not in the list: a system pod, the 201st pod.
    let besides = props.now.as_deref().filter(|value| !listed(value));
    html! {
        <label class="packet-field">
            <span>{props.label}</span>
            <select ref={select} class="select" {onchange}>
                <option value="" disabled={true}>{"Choose…"}</option>
                if let Some(value) = besides {
                    <option value={value.to_owned()}>{value.to_owned()}</option>
                }
                { for props.choices.iter().filter(|(_, choices)| !choices.is_empty()).map(group) }
            </select>
        </label>
    }
}

fn group((title, choices): &(&'static str, Vec<Choice>)) -> Html {
    let options = html! {
        { for choices.iter().map(|(value, label)| html! {
            <option key={value.clone()} value={value.clone()}>{label}</option>
        }) }
    };
    match *title {
        "" => options,
        title => html! { <optgroup label={title}>{options}</optgroup> },
    }
}
