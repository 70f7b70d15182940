// Which joints the decisions for each class rest on, and how far that can be believed.
const FIRST = 24;
const heatKey = () => make("div", { class: "heat" }, ["against the class", make("span", { class: "scale" }), "for the class"]);

function importanceSection(report) {
  const found = report.importance;
  const largest = Math.max(...found.classes.flatMap((one) => one.joints.flat()).filter(known).map(Math.abs));
  const holder = make("div", { class: "maps" });
  const add = (group) => holder.append(...group.map((one) => importanceMap(report.skeleton, one, largest)));
  add(found.classes.slice(0, FIRST));
  const rest = found.classes.slice(FIRST);
  const more = make("button", { type: "button" }, `Show ${counted(rest.length, "more class", "more classes")}`);
  more.addEventListener("click", () => {
    add(rest);
    more.remove();
  });
  return [
    paragraph(`Method: ${found.title}. Means over ${whole(found.sampled)} of ${counted(found.of, "clip")}, by predicted class. One scale for all classes.`),
    belief(found.check),
    heatKey(),
    holder,
    rest.length ? more : null,
  ];
}

function belief(check) {
  if (!check) return paragraph("This method was not tested on this run: see skelgraph explain --check.", "muted");
  const numbers = `Taking the most important away first leaves ${fixed(check.deletion[0])} of the class\u2019s probability on average (${fixed(check.random.deletion[0])} in random order); adding it first brings ${fixed(check.insertion[0])} (${fixed(check.random.insertion[0])}). Tested on ${counted(check.clips, "clip")}.`;
  return check.beats_random
    ? paragraph(`On this run the method is better than chance. ${numbers}`, "note")
    : paragraph(`On this run the method is not surely better than chance: do not rest anything on these maps. ${numbers}`, "warning");
}

function importanceMap(skeleton, one, largest) {
  const top = topJoints(skeleton, one.joints, 5);
  const label = `${one.name}: most important are ${top.map(([name]) => name).join(", ") || "none"}`;
  return make("figure", { class: "map" }, [
    make("figcaption", {}, [one.name, " ", make("span", { class: "muted" }, counted(one.clips, "clip"))]),
    drawPose(skeleton, one.joints, largest, label),
    topList(top, (value) => ` ${value.toPrecision(2)}`),
  ]);
}

function topList(top, told = () => "") {
  if (!top.length) return paragraph("No joint speaks for it.", "muted");
  return make("ol", {}, top.map(([name, value]) => make("li", {}, `${name}${told(value)}`)));
}
