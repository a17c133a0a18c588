import { startExplorer } from './explorer/explorer.js';
import { startCharts } from './live/charts.js';
import { LiveFeed } from './live/feed.js';
import { startPulse } from './live/pulse.js';
import { startPlaceSwitch } from './live/place-switch.js';
import { startViews } from './shared/views.js';
import { startTaskList } from './tasks/task-list.js';
import { startLevers } from './tasks/levers.js';
import { startWorkbench } from './workbench/workbench.js';

/* The page has no build step: these are the files that the browser runs. */
const feed = new LiveFeed('/live');
startViews();
startPulse(feed);
startPlaceSwitch(feed);
startCharts(feed);
startExplorer(feed);
startWorkbench(feed);
startTaskList(feed);
startLevers(feed);
