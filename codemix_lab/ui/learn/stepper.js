// The stepper: one button a step, and in the lecturer's mode the keys of a presenter's remote.

const TURNS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity };
const OWN_KEYS = "input, textarea, select, [contenteditable], [role=slider], [role=radio], [role=tab], [role=grid], "
  + "[role=listbox], [role=combobox], [role=option], [role=menu]";

export default function mount({ data, parentElement, setTriggerValue }) {
  let nav = parentElement.querySelector("nav");
  if (!nav) {
    nav = parentElement.appendChild(document.createElement("nav"));
    nav.setAttribute("aria-label", "Steps of the lesson");
    const list = nav.appendChild(document.createElement("ol"));
    nav.buttons = data.steps.map((name, place) => {
      const button = list.appendChild(document.createElement("li")).appendChild(document.createElement("button"));
      button.type = "button";
      button.append(Object.assign(document.createElement("b"), { textContent: place + 1 }));
      button.append(Object.assign(document.createElement("span"), { textContent: name }));
      button.addEventListener("click", () => nav.go(place + 1));
      return button;
    });
    nav.told = nav.appendChild(document.createElement("p"));
    nav.told.className = "unseen";
    nav.told.setAttribute("aria-live", "polite");
    nav.keys = (event) => turn(nav, event);
    document.addEventListener("keydown", nav.keys);
  }
  nav.go = (place) => setTriggerValue("to", place);
  nav.lecture = data.lecture;
  nav.count = data.steps.length;
  if (nav.at !== data.at) {
    if (nav.at !== undefined) {
      document.querySelector(".stMain")?.scrollTo({ top: 0 });
      nav.told.textContent = `Step ${data.at} of ${nav.count}: ${data.title}`;
    }
    nav.at = data.at;
  }
  nav.buttons.forEach((button, place) => {
    button.classList.toggle("done", place + 1 < data.at);
    if (place + 1 === data.at) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
    button.setAttribute("aria-label", `Step ${place + 1}: ${data.steps[place]}`);
  });
  return () => document.removeEventListener("keydown", nav.keys);
}

// Widgets keep their own arrow keys; Escape leaves them, so that the next key turns the page again.
function turn(nav, event) {
  if (!nav.isConnected) return document.removeEventListener("keydown", nav.keys);
  if (!nav.lecture || event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.composedPath()[0];
  const busy = on instanceof Element && on.matches(OWN_KEYS);
  if (event.key === "Escape" && busy) return on.blur();
  const by = TURNS[event.key];
  if (by === undefined || busy) return;
  event.preventDefault();
  const to = Math.min(nav.count, Math.max(1, nav.at + by));
  if (to !== nav.at) nav.go(to);
}
