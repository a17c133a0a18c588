import { byId, make, setText } from '../shared/dom.js';
import { durationText } from '../shared/units.js';
import { History } from './history.js';
import { StripChart } from './strip-chart.js';

const CHARTS = [
  {
    title: 'Loop delay',
    unit: 'ms',
    // At least this range, or the noise of an idle loop would look like a problem.
    least: 100,
    lines: [{ name: 'late by', colour: '--bad', of: 'delayMs', isFilled: true }],
    text: (now) => durationText(now.delayMs),
  },
  {
    title: 'Tasks',
    least: 4,
    lines: [
      { name: 'waiting', colour: '--warm', of: 'waiting', isFilled: true },
      { name: 'running', colour: '--good', of: 'running' },
    ],
    text: (now) => `${now.waiting} waiting, ${now.running} running`,
  },
  {
    title: 'Workers',
    least: 2,
    lines: [
      { name: 'there are', colour: '--cool', of: 'workers', isFilled: true },
      { name: 'busy', colour: '--good', of: 'busy' },
    ],
    text: (now) =>
      `${now.busy} busy of ${now.workers}${now.starting ? `, ${now.starting} starting` : ''}`,
  },
  {
    title: 'Throughput',
    least: 5,
    lines: [{ name: 'done a second', colour: '--accent', of: 'perSecond', isFilled: true }],
    text: (now) => `${now.perSecond} done a second`,
  },
];

/** Four strips of the last minute. They keep moving when the server has stopped. */
export function startCharts(feed) {
  const history = new History();
  const strips = CHARTS.map((chart) => {
    const value = make('output');
    const plot = make('div', { className: 'plot', role: 'img', ariaLabel: chart.title });
    byId('charts').append(
      make('figure', {}, make('figcaption', {}, make('span', {}, chart.title), value), plot),
    );
    return { chart, value, plot, strip: new StripChart(plot, chart) };
  });

  feed.on('sample', (sample) => history.add(sample));

  const draw = () => {
    requestAnimationFrame(draw);
    const now = history.latest;
    if (!now || document.hidden) {
      return;
    }
    for (const { chart, value, plot, strip } of strips) {
      setText(value, chart.text(now));
      strip.draw(history);
      plot.ariaLabel = labelOf(chart, history);
    }
  };
  draw();
}

/** Describes the picture for screen readers. */
function labelOf({ title, lines, unit = '' }, history) {
  const most = Math.round(history.most(lines[0].of));
  return `${title}, ${lines[0].name} at most ${most} ${unit} in the last minute`;
}
