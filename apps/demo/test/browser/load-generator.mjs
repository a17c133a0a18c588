/*
 * Asks for a URL at a steady rate, whether the last answer has come or not: a generator that waits for
 * it would ask least when the server is slowest, and never see what is wrong. A program of its own, as
 * the test beside it is busy with the browser: node load-generator.mjs <url> <count> <every ms>
 */
import { Agent, get } from 'node:http';

const [url, count, everyMs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const agent = new Agent({ keepAlive: true });
const startedAt = performance.now();
const answers = [];
let lateMs = 0;

/** How long the answer took, from when it was due to be asked for. */
function ask(dueAt) {
  lateMs = Math.max(lateMs, performance.now() - dueAt);
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`${url} answered ${response.statusCode}`));
      }
      response.resume().on('end', () => resolve(performance.now() - dueAt));
    }).on('error', reject);
  });
}

const timer = setInterval(() => {
  const due = () => startedAt + answers.length * everyMs;
  while (answers.length < count && performance.now() >= due()) {
    answers.push(ask(due()));
  }
  if (answers.length === count) {
    clearInterval(timer);
    void report();
  }
}, everyMs / 4);

async function report() {
  const sorted = (await Promise.all(answers)).sort((one, other) => one - other);
  const at = (share) => Math.round(sorted[Math.ceil(share * count) - 1]);
  const answered = sorted.length;
  const late = Math.round(lateMs);
  console.log(JSON.stringify({ answered, p50: at(0.5), p99: at(0.99), max: at(1), late }));
  agent.destroy();
}
