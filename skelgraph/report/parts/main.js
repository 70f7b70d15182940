// Puts the sections that this report has onto the page.
function clipsNote(report) {
  const of = report.clips_of;
  const shown = report.clips.length;
  const wrong = report.clips.filter(isWrong).length;
  const left = of.all - shown;
  const room = of.no_room ? `, ${whole(of.no_room)} of them because the page would become too large` : "";
  return `${counted(shown, "clip")} of ${whole(of.all)}, ${whole(wrong)} of ${counted(of.wrong, "mistake")}, the surest first.${left ? ` ${counted(left, "clip is", "clips are")} left out${room}.` : ""} Hollow joints were not seen and are placed between the frames where they were.`;
}

function sections(report) {
  const player = report.clips?.length ? buildPlayer(report) : null;
  return [
    ["scores", "Scores", report.scores, () => scoresSection(report)],
    ["changes", "Few labels", report.few_labels, () => changesSection(report)],
    ["classes", "Classes", report.class_scores, () => classesSection(report)],
    ["confusion", "Confusion", report.confusion, () => confusionSection(report, player?.playPair)],
    ["importance", "Importance", report.importance?.classes.length, () => importanceSection(report)],
    ["clips", "Clips", player, () => [paragraph(clipsNote(report)), player.element]],
    ["calibration", "Calibration", report.calibration, () => calibrationSection(report)],
    ["curves", "Training", report.curves?.panels.length, () => curvesSection(report)],
    ["data", "Data", report.data, () => dataSection(report)],
    ["provenance", "Provenance", report.provenance, () => provenanceSection(report)],
  ].filter(([, , there]) => there);
}

function start() {
  const report = JSON.parse(document.getElementById("data").textContent);
  const simulated = report.simulated ? "simulated " : "";
  document.getElementById("title").textContent = report.title;
  document.getElementById("subtitle").textContent =
    `Report of a ${report.kind.replaceAll("_", " ")} run: ${counted(report.classes.length, "class", "classes")}, ${simulated}${partName(report.part)} ${report.part === "all" ? `of ${report.data?.name ?? ""}` : "clips"}`;
  document.getElementById("footer").textContent = `Written by ${report.provenance.report}. Everything on this page is in this file.`;
  startTheme();
  const main = document.getElementById("main");
  main.append(...report.notes.map((note) => paragraph(note, "warning")));
  for (const [id, heading, , build] of sections(report)) {
    main.append(make("section", { id, "aria-labelledby": `${id}-heading` }, [make("h2", { id: `${id}-heading` }, heading), ...build()]));
    document.getElementById("sections").append(make("li", {}, make("a", { href: `#${id}` }, heading)));
  }
  document.documentElement.dataset.ready = "true";
}

start();
