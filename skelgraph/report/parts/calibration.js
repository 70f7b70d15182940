// Is the model as often right as it says? On the dashed line it is.
function reliability(name, found) {
  const frame = axes({ x: [0, 1], y: [0, 1], xLabel: "confidence", yLabel: "share that is right",
    label: `Reliability ${name}: calibration error ${percent(found.ece)}` });
  const bins = found.bins.filter((bin) => bin.count);
  const paint = "var(--part-0)";
  frame.svg.append(
    draw("path", { class: "guide", d: `M${frame.across(0)},${frame.up(0)}L${frame.across(1)},${frame.up(1)}` }),
    ...bins.map((bin) => draw("line", { x1: frame.across(bin.confidence), x2: frame.across(bin.confidence), y1: frame.up(bin.accuracy_low), y2: frame.up(bin.accuracy_high), colours: { stroke: "var(--faint)", strokeWidth: 3 } })),
    ...lineOf(frame, bins.map((bin) => bin.confidence), bins.map((bin) => bin.accuracy), paint),
    ...bins.map((bin) => draw("circle", { cx: frame.across(bin.confidence), cy: frame.up(bin.accuracy), r: 3.5, colours: { fill: paint } },
      draw("title", {}, `${counted(bin.count, "clip")}: confidence ${percent(bin.confidence)}, right ${percent(bin.accuracy)}`))),
  );
  const most = Math.max(...found.bins.map((bin) => bin.count));
  const below = axes({ x: [0, 1], y: [0, most], xLabel: "confidence", yLabel: "clips", label: `Clips by confidence ${name}`, height: 110 });
  below.svg.append(...bins.map((bin) => draw("rect", { x: below.across(bin.low) + 0.5, width: below.across(bin.high) - below.across(bin.low) - 1,
    y: below.up(bin.count), height: below.up(0) - below.up(bin.count), colours: { fill: paint, opacity: 0.55 } })));
  return make("figure", {}, [make("figcaption", {}, `${name}: error ${percent(found.ece)}`), frame.svg, below.svg]);
}

function calibrationSection(report) {
  const { before, after, temperature } = report.calibration;
  const lean = after.confidence > after.accuracy ? "surer than it is right" : "right more often than it is sure";
  return [
    paragraph(`The model is on average ${percent(after.confidence)} sure and ${percent(after.accuracy)} right: ${lean}. Bars are 95 % intervals; bins with few clips say little.`),
    make("div", { class: "charts" }, [reliability("Before its temperature", before), reliability(`After, temperature ${fixed(temperature)}`, after)]),
  ];
}
