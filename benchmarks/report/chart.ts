/** One bar. */
export interface Bar {
  readonly label: string;
  /** The text at the end of the bar. */
  readonly text: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly emphasised: boolean;
}

/** Horizontal bars, one below the other. */
export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 760;
const LABEL_WIDTH = 220;
const TEXT_WIDTH = 110;
const TOP = 64;
const ROW = 30;
const BAR = 18;

/** A self-contained SVG, which follows the colour scheme of the reader. */
export function barChart({ title, subtitle, bars }: BarChart): string {
  const height = TOP + bars.length * ROW + 12;
  const most = Math.max(...bars.map(({ value, high }) => Math.max(value, high)));
  const scale = (WIDTH - LABEL_WIDTH - TEXT_WIDTH) / most;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; }
  .subtitle { fill: #57606a; font-size: 12px; }
  .bar { fill: #8c959f; }
  .ours { fill: #e0234e; }
  .range { stroke: #24292f; stroke-width: 1.5; opacity: .6; }
  .value { font-variant-numeric: tabular-nums; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .subtitle { fill: #8b949e; }
    .bar { fill: #6e7681; }
    .range { stroke: #e6edf3; }
  }
</style>
<text class="title" x="0" y="20">${escape(title)}</text>
<text class="subtitle" x="0" y="40">${escape(subtitle)}</text>
${bars.map((bar, index) => drawBar(bar, TOP + index * ROW, scale)).join('\n')}
</svg>
`;
}

function drawBar(
  { label, text, value, low, high, emphasised }: Bar,
  y: number,
  scale: number,
): string {
  const at = (figure: number): string => (LABEL_WIDTH + figure * scale).toFixed(1);
  const middle = y + BAR / 2;
  const baseline = middle + 5;
  const end = Number(at(Math.max(value, high))) + 8;
  return [
    `<text x="${LABEL_WIDTH - 10}" y="${baseline}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${emphasised ? 'ours' : 'bar'}" x="${LABEL_WIDTH}" y="${y}" width="${(value * scale).toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<line class="range" x1="${at(low)}" x2="${at(high)}" y1="${middle}" y2="${middle}"/>`,
    `<text class="value" x="${end.toFixed(1)}" y="${baseline}">${escape(text)}</text>`,
  ].join('\n');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
