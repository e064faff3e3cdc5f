// What the peers have in common. A request is a line of JSON on stdin, { do, … }; its answer a line on stdout, { … } or { error }.
// They come one after another, and the end of stdin is the end of the peer.
import { createInterface } from 'node:readline';

/** Serves requests until there are no more: `operations` are functions by name, from a request to its answer. */
export async function serve(operations) {
  // Some libraries report to the console; stdout is for answers.
  console.log = console.info = console.debug = console.error;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await answer(operations, request))}\n`);
  }
  process.exit(0);
}

/** Calls from so many callers, each with one call under way at a time, for a while; gives back what each call took. */
export async function load({ callers, seconds }, call) {
  const latenciesMs = [];
  const started = performance.now();
  const end = started + seconds * 1000;
  await Promise.all(Array.from({ length: callers }, async () => {
    for (let before = performance.now(); before < end;) {
      await call();
      const after = performance.now();
      latenciesMs.push(after - before);
      before = after;
    }
  }));
  return { elapsedMs: performance.now() - started, latenciesMs };
}

async function answer(operations, request) {
  try {
    return await operations[request.do](request) ?? {};
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}
