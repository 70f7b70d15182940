// Plays the chosen clip: buttons, scrubber, speed, colours and keys.
const SPEEDS = [0.25, 0.5, 1, 2];
const PER_SECOND = 30; // where the rate is not known

function buildPlayer(report) {
  const skeleton = report.skeleton;
  const state = { place: -1, clip: null, scene: null, frame: 0, playing: false, last: 0, rest: 0 };
  const canvas = make("canvas", { tabindex: 0, role: "img", id: "stage", "aria-keyshortcuts": "Space ArrowLeft ArrowRight ArrowUp ArrowDown Home End" });
  const play = make("button", { type: "button", class: "play", id: "play" }, "Play");
  const back = make("button", { type: "button", "aria-label": "One frame back" }, "\u2039");
  const on = make("button", { type: "button", "aria-label": "One frame on" }, "\u203a");
  const scrubber = make("input", { type: "range", min: 0, value: 0, step: 1, id: "frame" });
  const counter = make("output", { id: "counter", for: "frame", "aria-live": "off" });
  const speed = make("select", { id: "speed" }, SPEEDS.map((one) => option(one, `${one}\u00d7`)));
  const heated = report.clips.some((clip) => clip.importance);
  const colours = make("select", { id: "colours" }, [heated ? option("heat", "importance") : null, option("part", "body part")]);
  const told = make("div", { class: "told", "aria-live": "polite" });
  const key = make("div");
  speed.value = "1";
  let inks = readInks(skeleton);

  const seconds = () => state.clip.frames / (state.clip.fps || PER_SECOND) / state.clip.shown;
  const heat = () => colours.value === "heat" && state.clip.importance !== null;
  const show = () => {
    if (!state.scene) return;
    drawFrame(canvas, state.scene, skeleton, inks, { frame: state.frame, heat: heat() });
    scrubber.value = state.frame;
    const time = state.clip.fps ? `${(state.frame * seconds()).toFixed(2)} s, ` : "";
    counter.textContent = `${time}frame ${state.frame + 1} of ${state.scene.frames}`;
    scrubber.setAttribute("aria-valuetext", counter.textContent);
  };
  const go = (frame) => {
    state.frame = (frame + state.scene.frames) % state.scene.frames;
    show();
  };
  const tick = (now) => {
    if (!state.playing) return;
    state.rest += ((now - state.last) / 1000) * Number(speed.value);
    state.last = now;
    const steps = Math.floor(state.rest / seconds());
    if (steps > 0) {
      state.rest -= steps * seconds();
      go((state.frame + steps) % state.scene.frames);
    }
    requestAnimationFrame(tick);
  };
  const setPlaying = (playing) => {
    if (playing === state.playing || !state.scene) return;
    state.playing = playing;
    play.textContent = playing ? "Pause" : "Play";
    if (!playing) return;
    state.last = performance.now();
    state.rest = 0;
    requestAnimationFrame(tick);
  };
  const choose = (place) => {
    const clip = report.clips[place];
    Object.assign(state, { place, clip, scene: openClip(clip), frame: 0, rest: 0 });
    scrubber.max = state.scene.frames - 1;
    const truth = clip.label < 0 ? "class unknown" : report.classes[clip.label];
    canvas.setAttribute("aria-label", `Skeleton of clip ${clip.name}: ${truth}, predicted ${report.classes[clip.predicted]}`);
    told.replaceChildren(...tellClip(report, clip, state.scene));
    list.mark(place);
    explainColours();
    show();
  };
  const explainColours = () => key.replaceChildren(heat()
    ? heatKey()
    : legend(skeleton.parts.map((name, place) => [name, partPaint(place)]), "dot"));
  const list = clipList(report, choose);
  const step = (by) => {
    const shown = list.shown();
    const next = shown[shown.indexOf(state.place) + by];
    if (next !== undefined) choose(next);
  };
  const refilter = () => {
    const shown = list.refresh(state.place);
    if (shown.length && !shown.includes(state.place)) choose(shown[0]);
  };

  play.addEventListener("click", () => setPlaying(!state.playing));
  back.addEventListener("click", () => { setPlaying(false); go(state.frame - 1); });
  on.addEventListener("click", () => { setPlaying(false); go(state.frame + 1); });
  scrubber.addEventListener("input", () => { setPlaying(false); go(Number(scrubber.value)); });
  colours.addEventListener("change", () => { explainColours(); show(); });
  list.filters.addEventListener("change", refilter);
  watchers.push(() => { inks = readInks(skeleton); show(); });
  new ResizeObserver(show).observe(canvas);

  const keys = {
    " ": () => setPlaying(!state.playing),
    ArrowLeft: () => { setPlaying(false); go(state.frame - 1); },
    ArrowRight: () => { setPlaying(false); go(state.frame + 1); },
    ArrowUp: () => step(-1),
    ArrowDown: () => step(1),
    Home: () => go(0),
    End: () => go(state.scene.frames - 1),
  };
  const element = make("div", { class: "player" }, [
    make("div", {}, [list.filters, list.list]),
    make("div", {}, [
      canvas,
      make("div", { class: "controls" }, [
        make("label", { class: "track" }, [make("span", { class: "hidden" }, "Frame"), scrubber]),
        play, back, on, counter,
        make("label", {}, ["Speed", speed]),
        make("label", {}, ["Colour by", colours]),
      ]),
      key, told,
      make("p", { class: "muted" }, [make("kbd", {}, "space"), " plays, ", make("kbd", {}, "\u2190"), " ", make("kbd", {}, "\u2192"), " one frame, ",
        make("kbd", {}, "\u2191"), " ", make("kbd", {}, "\u2193"), " another clip, ", make("kbd", {}, "Home"), " ", make("kbd", {}, "End"), " first and last frame."]),
    ]),
  ]);
  element.addEventListener("keydown", (event) => {
    const owner = event.target.tagName;
    if (owner === "SELECT" || owner === "INPUT" || (owner === "BUTTON" && event.key === " ") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!keys[event.key] || !state.scene) return;
    event.preventDefault();
    keys[event.key]();
  });
  list.refresh(-1);
  choose(0);
  const playPair = (label, predicted) => {
    if (!report.clips.some((clip) => clip.label === label && clip.predicted === predicted)) return null;
    return () => {
      list.select([0, label, predicted]);
      refilter();
      document.getElementById("clips").scrollIntoView();
      canvas.focus({ preventScroll: true });
    };
  };
  return { element, playPair };
}

function tellClip(report, clip, scene) {
  const classes = make("div", {}, [make("h3", {}, "Likeliest classes"),
    make("ol", {}, clip.likeliest.map(([place, share]) => make("li", {}, `${report.classes[place]} ${percent(share)}${place === clip.label ? " (true)" : ""}`)))]);
  const notes = [clip.shown < clip.frames ? `${clip.shown} of ${clip.frames} frames are kept on this page` : "", clip.note].filter(Boolean);
  const found = [classes];
  if (scene.importance) {
    const values = Array.from({ length: scene.bodies }, (_, body) => Array.from({ length: scene.joints }, (_, joint) => wholeClip(scene, body, joint)));
    found.push(make("div", {}, [make("h3", {}, `For ${report.classes[clip.predicted]} matter most`),
      topList(topJoints(report.skeleton, values, 5))]));
  }
  if (notes.length) found.push(paragraph(`${notes.join("; ")}.`, "muted"));
  return found;
}

function wholeClip(scene, body, joint) {
  const steps = scene.importance.shape.length === 3 ? scene.importance.shape[0] : 1;
  let sum = 0;
  for (let step = 0; step < steps; step += 1) sum += scene.importance.values[(step * scene.bodies + body) * scene.joints + joint];
  return sum;
}
