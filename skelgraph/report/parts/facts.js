// What the data set is, and where model and page come from.
function facts(entries) {
  return make("dl", { class: "facts" }, entries.filter(([, value]) => known(value) && value !== "").flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]));
}

const list = (values) => (values.length > 12 ? `${values.length} of them` : values.join(", "));

// What a store was made from may be another store, whose facts stand in its own; checksums help no reader.
function worded(value, path = []) {
  if (value === null || typeof value !== "object") return `${path.join(" ")}: ${value}`;
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return `${path.join(" ")}: ${value.join(", ")}`;
  return Object.entries(value).filter(([name]) => name !== "sha256").map(([name, one]) => worded(one, [...path, name])).filter((text) => text).join("; ");
}

function dataSection(report) {
  const data = report.data;
  const size = data.lengths;
  const worst = Object.entries(data.gaps.joints).slice(0, 5).map(([name, share]) => `${name.replaceAll("_", " ")} ${percent(share)}`);
  const number = (text) => ({ text, number: true });
  const rows = data.class_names.map((name, place) => [name, ...data.class_counts[place].map((count) => number(whole(count)))]);
  const split = data.parts.map((part) => `${partName(part)} ${data.persons[part] || DASH}`).join(", ");
  return [make("div", { class: "columns" }, [
    facts([
      ["Data set", data.name], ["Layout", `${data.title} (${data.joints} joints)`], ["Coordinates", `${data.coordinates}, ${data.units}`],
      ["Clips", `${whole(data.clips)}${data.unlabelled ? `, ${whole(data.unlabelled)} without a label` : ""}`],
      ["Frames", `${whole(data.frames)}; a clip ${size.min} to ${size.max}, median ${size.median}`],
      ["Frames a second", data.fps ?? "unknown"], ["Bodies", `up to ${data.bodies}`],
      ["Persons", data.subjects.length ? `${data.subjects.length} (${split})` : "unknown"],
      ["Cameras", data.cameras.length ? list(data.cameras) : "unknown"],
      ["Missing joints", percent(data.gaps.missing)], ["Most often missing", worst.join(", ")],
      ["Made from", worded(data.made)],
    ]),
    scrolled("Clips of each class", table(["class", ...data.parts.map((part) => number(partName(part)))], rows, { caption: "Clips of each class" }), "tall"),
  ])];
}

function provenanceSection(report) {
  const found = report.provenance;
  const flat = Object.entries(found.weights).map(([name, value]) => [name.replaceAll("_", " "), value !== null && typeof value === "object" ? JSON.stringify(value) : value]);
  return [
    facts([["Model", `${found.model}, ${whole(found.parameters)} parameters`], ["Layout", found.layout], ...flat, ["This page", found.report]]),
    found.config ? make("details", {}, [make("summary", {}, "Configuration of the run"), make("pre", { tabindex: 0 }, found.config)]) : null,
  ];
}
