// What verdicts are reconstructed from, in words.
const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];

// "10-minute", of means that are so wide.
export function meanWidth(seconds) {
  const [name, unitS] = UNITS.find(([, s]) => seconds % s === 0);
  return `${seconds / unitS}-${name}`;
}
