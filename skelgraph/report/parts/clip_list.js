// The clips beside the stage, and what picks some of them.
const isWrong = (clip) => clip.label >= 0 && clip.label !== clip.predicted;
const isRight = (clip) => clip.label >= 0 && clip.label === clip.predicted;
const KINDS = [["every clip", () => true], ["mistakes", isWrong], ["right ones", isRight], ["class unknown", (clip) => clip.label < 0]];

function option(value, text) {
  return make("option", { value }, text);
}

function choice(id, name, entries) {
  return [make("label", { for: id }, name), make("select", { id }, entries.map(([value, text]) => option(value, text)))];
}

function clipList(report, chosen) {
  const kinds = KINDS.map(([name, test], place) => [place, name, report.clips.filter(test).length]).filter(([place, , count]) => count || !place);
  const filters = make("div", { class: "filters" }, [
    ...choice("kind", "Show", kinds.map(([place, name, count]) => [place, `${name} (${count})`])),
    ...choice("true-class", "True class", classesOf(report, "label")),
    ...choice("predicted-class", "Predicted", classesOf(report, "predicted")),
  ]);
  const list = make("ul", { class: "clips", "aria-label": "Clips" });
  const [kind, label, predicted] = filters.querySelectorAll("select");
  let shown = [];
  const fits = (clip) => KINDS[kind.value][1](clip) && (label.value === "" || clip.label === Number(label.value)) && (predicted.value === "" || clip.predicted === Number(predicted.value));
  const mark = (current) => list.querySelectorAll("button").forEach((press) => press.setAttribute("aria-current", String(Number(press.value) === current)));
  const refresh = (current) => {
    shown = report.clips.map((_, place) => place).filter((place) => fits(report.clips[place]));
    list.replaceChildren(...shown.map((place) => clipEntry(report, place, chosen)));
    if (!shown.length) list.append(make("li", { class: "muted" }, "No such clip among those on this page."));
    mark(shown.includes(current) ? current : -1);
    return shown;
  };
  const select = (values) => [kind, label, predicted].forEach((control, place) => (control.value = values[place]));
  return { filters, list, mark, refresh, select, shown: () => shown };
}

function classesOf(report, key) {
  const used = [...new Set(report.clips.map((clip) => clip[key]))].filter((one) => one >= 0).sort((a, b) => a - b);
  return [["", "any"], ...used.map((one) => [one, report.classes[one]])];
}

function clipEntry(report, place, chosen) {
  const clip = report.clips[place];
  const sure = percent(clip.likeliest[0][1]);
  const truth = clip.label < 0 ? "class unknown" : report.classes[clip.label];
  const sign = isRight(clip) ? ["\u2713", "right: "] : isWrong(clip) ? ["\u2717", "mistake: "] : ["?", ""];
  const told = isRight(clip) ? `${truth}, ${sure} sure` : `${truth} taken for ${report.classes[clip.predicted]}, ${sure} sure`;
  const press = make("button", { type: "button", value: place, class: isWrong(clip) ? "wrong" : isRight(clip) ? "right" : null }, [
    make("span", { "aria-hidden": "true" }, `${sign[0]} `), make("span", { class: "hidden" }, sign[1]), told, make("small", {}, clip.name),
  ]);
  press.addEventListener("click", () => chosen(place));
  return make("li", {}, press);
}
