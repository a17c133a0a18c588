import uPlot from '../vendor/uplot/uPlot.esm.js';

const HEIGHT = 100;

/** One strip, drawn by uPlot in the colours of the page. */
export class StripChart {
  #element;
  #chart;
  #plot;
  #drawn;

  constructor(element, chart) {
    this.#element = element;
    this.#chart = chart;
    // uPlot reads colours and width only once, so a change needs a new chart.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#make());
    new ResizeObserver(([{ contentRect }]) => {
      if (!this.#plot) {
        this.#make();
      }
      if (contentRect.width > 0) {
        this.#plot.setSize({ width: contentRect.width, height: HEIGHT });
      }
    }).observe(element);
  }

  draw(history) {
    if (!this.#plot || this.#element.clientWidth === 0) {
      return;
    }
    const [min, max] = history.range;
    this.#plot.batch(() => {
      if (this.#drawn !== history.version) {
        this.#drawn = history.version;
        this.#plot.setData(history.columns(this.#chart.lines.map(({ of }) => of)), false);
      }
      this.#plot.setScale('x', { min, max });
    });
  }

  #make() {
    this.#plot?.destroy();
    this.#drawn = undefined;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    };
    const { least, lines } = this.#chart;
    this.#plot = new uPlot(
      {
        width: this.#element.clientWidth || 300,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 4, 6, 0],
        scales: {
          x: { time: false },
          y: { range: (_plot, _min, max) => [0, Math.max(least, (max ?? 0) * 1.1)] },
        },
        axes: [
          { ...axis, show: false },
          { ...axis, size: 44, space: 28, gap: 4 },
        ],
        series: [
          {},
          ...lines.map(({ colour: name, isFilled }) => ({
            stroke: colour(name),
            ...(isFilled && { fill: `${colour(name)}30` }),
            width: 1.5,
            points: { show: false },
          })),
        ],
      },
      [[], ...lines.map(() => [])],
      this.#element,
    );
  }
}
