// Scores of each class; a press on a heading sorts.
function classesSection(report) {
  const rows = report.class_scores.map((one, place) => ({ name: report.classes[place], ...one }));
  const columns = [["class", "name"], ["clips", "clips"], ["precision", "precision", true], ["recall", "recall", true], ["F1", "f1"]];
  const holder = scrolled("Scores of each class", [], "tall");
  const show = (key, rising) => {
    const value = (row) => row[key] ?? -1;
    const sorted = [...rows].sort((a, b) => (key === "name" ? a.name.localeCompare(b.name) : value(a) - value(b)) * (rising ? 1 : -1));
    const head = columns.map(([title, own, wide]) => {
      const press = make("button", { type: "button" }, title);
      press.addEventListener("click", () => {
        show(own, own === key ? !rising : own === "name" || own === "f1");
        holder.querySelectorAll("th button")[columns.findIndex((column) => column[1] === own)].focus();
      });
      return { text: press, number: own !== "name", wide, sort: own === key ? (rising ? "ascending" : "descending") : null };
    });
    const number = (text, wide = false) => ({ text, number: true, wide });
    const body = sorted.map((row) => [row.name, number(whole(row.clips)), number(percent(row.precision), true), number(percent(row.recall), true),
      number(percent(row.f1)), scoreBar(row.f1, row.f1_interval), number(span(row.f1_interval), true)]);
    holder.replaceChildren(table([...head, "0 to 1", { text: "95 % interval", number: true, wide: true }], body));
  };
  show("f1", true);
  return [holder, paragraph("Intervals: bootstrap over clips.", "muted")];
}
