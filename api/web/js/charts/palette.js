// SPDX-License-Identifier: MIT
// Colours of the charts: those of the theme for lines, a map from dark to light for amounts.
export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Eight that can be told apart, also by the colour-blind; beyond them they come again, dashed. */
export const seriesColor = (i) => css(`--series-${(i % 8) + 1}`);
export const seriesDash = (i) => [[], [6, 3], [2, 2]][Math.floor(i / 8) % 3];

/* Anchors of viridis (CC0), which keeps its order in grey and for every kind of colour blindness. */
const VIRIDIS = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137],
  [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]];

/** [r, g, b] of a share from 0 to 1. */
export function heat(share) {
  const at = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const i = Math.min(VIRIDIS.length - 2, Math.floor(at));
  return VIRIDIS[i].map((v, k) => Math.round(v + (at - i) * (VIRIDIS[i + 1][k] - v)));
}

export const heatCss = (share) => `rgb(${heat(share).join(" ")})`;
