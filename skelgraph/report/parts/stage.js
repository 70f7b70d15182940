// Draws one frame of a clip on a canvas.
function openClip(clip) {
  const points = unpack(clip.points);
  const importance = clip.importance ? unpack(clip.importance) : null;
  const [frames, bodies, joints] = points.shape;
  const box = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.values.length; i += 2) {
    const [x, y] = [points.values[i], points.values[i + 1]];
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    box[0] = Math.min(box[0], x); box[1] = Math.max(box[1], x);
    box[2] = Math.min(box[2], y); box[3] = Math.max(box[3], y);
  }
  const largest = importance ? importance.values.reduce((most, one) => (Number.isNaN(one) ? most : Math.max(most, Math.abs(one))), 0) : 0;
  return { frames, bodies, joints, points: points.values, seen: unpackFlags(clip.seen), importance, largest, box };
}

function importanceAt(scene, frame, body, joint) {
  const { shape, values } = scene.importance;
  const timed = shape.length === 3;
  const step = timed ? Math.min(shape[0] - 1, Math.floor(((frame + 0.5) / scene.frames) * shape[0])) : 0;
  return values[(step * scene.bodies + body) * scene.joints + joint];
}

function readInks(skeleton) {
  const names = ["ink", "muted", "bone", "sheet", "mid", "for", "against"];
  const inks = Object.fromEntries(names.map((name) => [name, colourOf(name)]));
  inks.parts = skeleton.parts.map((_, place) => colourOf(`part-${place % 12}`));
  return inks;
}

const paintOf = (rgb) => `rgb(${rgb.map(Math.round).join(" ")})`;
const between = (from, to, share) => from.map((one, i) => one + (to[i] - one) * share);

function drawFrame(canvas, scene, skeleton, inks, { frame, heat }) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const [left, right, low, high] = scene.box;
  const edge = 24;
  const scale = Math.min((width - 2 * edge) / (right - left || 1e-6), (height - 2 * edge) / (high - low || 1e-6));
  const place = (body, joint) => {
    const i = 2 * ((frame * scene.bodies + body) * scene.joints + joint);
    return [width / 2 + scale * (scene.points[i] - (left + right) / 2), height / 2 - scale * (scene.points[i + 1] - (low + high) / 2)];
  };
  const seen = (body, joint) => scene.seen((frame * scene.bodies + body) * scene.joints + joint);
  for (let body = 0; body < scene.bodies; body += 1) drawBody(pen, { scene, skeleton, inks, frame, heat, body, place, seen });
}

function drawBody(pen, { scene, skeleton, inks, frame, heat, body, place, seen }) {
  const paper = body && !skeleton.hands ? 0.45 : 0;
  const paint = (joint) => {
    if (!heat) return paintOf(between(inks.parts[skeleton.part[joint]], inks.sheet, paper));
    const value = importanceAt(scene, frame, body, joint);
    if (Number.isNaN(value)) return paintOf(inks.bone);
    return paintOf(between(inks.mid, inks[heatName(value)], Math.sqrt(heatShare(value, scene.largest))));
  };
  pen.lineCap = "round";
  const stroke = ([joint, parent, virtual], thin = false) => {
    const [a, b] = [place(body, joint), place(body, parent)];
    if ([...a, ...b].some(Number.isNaN)) return;
    const whole = seen(body, joint) && seen(body, parent);
    pen.strokeStyle = heat || thin || !whole ? paintOf(inks.bone) : paint(joint);
    pen.lineWidth = thin || virtual ? 1 : 3;
    pen.setLineDash(whole ? [] : [3, 4]);
    pen.beginPath(); pen.moveTo(...a); pen.lineTo(...b); pen.stroke();
  };
  skeleton.edges.forEach((pair) => stroke([...pair, 0], true));
  skeleton.bones.forEach((bone) => stroke(bone));
  pen.setLineDash([]);
  const small = scene.joints > 30 ? 0.7 : 1;
  for (let joint = 0; joint < scene.joints; joint += 1) {
    const [x, y] = place(body, joint);
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    const value = heat ? importanceAt(scene, frame, body, joint) : 0;
    const radius = small * (heat && !Number.isNaN(value) ? 3.5 + 6 * Math.sqrt(heatShare(value, scene.largest)) : 4);
    pen.beginPath(); pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = seen(body, joint) ? paint(joint) : paintOf(inks.sheet);
    pen.fill();
    pen.lineWidth = 1;
    pen.strokeStyle = paintOf(seen(body, joint) && !heat ? inks.sheet : inks.muted);
    pen.stroke();
  }
}
