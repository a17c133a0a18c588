/** Interesting places. The deeper a place is, the longer a tile takes. */
export const PLACES = [
  { name: 'Seahorses', re: -0.7453, im: 0.1127, zoom: 10 },
  { name: 'Elephants', re: 0.2869, im: 0.0142, zoom: 9 },
  { name: 'Spirals', re: -0.743643887037, im: 0.131825904205, zoom: 17 },
  { name: 'A small one', re: -1.768778833, im: 0.001738996, zoom: 19 },
  { name: 'Deep', re: -0.743643887037159, im: 0.131825904205312, zoom: 35 },
  { name: 'Inside (seconds a tile)', re: -0.1, im: 0, zoom: 37 },
];
