// Numbers as people read them; what is not known is a dash.
const DASH = "\u2013";
const known = (value) => value !== null && value !== undefined;
const percent = (value) => (known(value) ? `${(100 * value).toFixed(1)}\u00a0%` : DASH);
const fixed = (value, digits = 2) => (known(value) ? value.toFixed(digits) : DASH);
const signed = (value) => (known(value) ? `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(2)}` : DASH);
const whole = (value) => value.toLocaleString("en-GB");
const span = (bounds) =>
  bounds && known(bounds[0]) ? `${(100 * bounds[0]).toFixed(1)} to ${(100 * bounds[1]).toFixed(1)}\u00a0%` : DASH;
// Cut in the middle, so that both ends of a name can be read.
function short(text, length) {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - tail)}\u2026${text.slice(text.length - tail)}`;
}
const counted = (count, one, many = `${one}s`) => `${whole(count)} ${count === 1 ? one : many}`;
