// What packing.py wrote, as typed arrays; a missing value is NaN.
const MISSING = -32768;

function bytesOf(text) {
  const letters = atob(text);
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

function unpack(packed) {
  const view = new DataView(bytesOf(packed.data).buffer);
  const values = new Float32Array(view.byteLength / 2);
  for (let i = 0; i < values.length; i += 1) {
    const number = view.getInt16(2 * i, true);
    values[i] = number === MISSING ? NaN : packed.low + packed.step * (number + 32767);
  }
  return { shape: packed.shape, values };
}

function unpackFlags(packed) {
  if (packed === null) return () => true;
  const bytes = bytesOf(packed.data);
  return (place) => ((bytes[place >> 3] >> (7 - (place & 7))) & 1) === 1;
}
