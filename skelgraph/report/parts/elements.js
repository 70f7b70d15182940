// Elements are made from text, never from markup: a name cannot become a tag.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name === "colours") for (const [key, paint] of Object.entries(value)) element.style[key] = paint;
    else element.setAttribute(name, value);
  }
  element.append(...[children].flat(2).filter((child) => child !== null && child !== undefined));
  return element;
}

const make = (name, attributes = {}, children = []) => fill(document.createElement(name), attributes, children);
const draw = (name, attributes = {}, children = []) => fill(document.createElementNS(SVG, name), attributes, children);
const paragraph = (text, kind = null) => make("p", { class: kind }, text);

// A wide thing scrolls in its own frame, which the keyboard reaches.
const scrolled = (label, child, kind = "") =>
  make("div", { class: `scroll ${kind}`, tabindex: 0, role: "region", "aria-label": label }, child);

function table(head, rows, { caption = null } = {}) {
  const cell = (name) => (value, place) => {
    const told = typeof value === "object" && value !== null && !(value instanceof Node) ? value : { text: value };
    const kind = [told.number ? "number" : "", told.wide ? "wide" : ""].join(" ").trim();
    const tag = name === "th" || place === 0 ? "th" : "td";
    const scope = name === "th" ? "col" : place === 0 ? "row" : null;
    return make(tag, { class: kind || null, scope, "aria-sort": told.sort }, told.text ?? "");
  };
  return make("table", {}, [
    caption && make("caption", {}, caption),
    make("thead", {}, make("tr", {}, head.map(cell("th")))),
    make("tbody", {}, rows.map((row) => make("tr", { class: row.kind }, (row.cells ?? row).map(cell("td"))))),
  ]);
}
