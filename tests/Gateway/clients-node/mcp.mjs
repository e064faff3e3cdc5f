// Uses the gateway as a model's client does, over a line that is cut twice, and prints what came of it as JSON.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import Ajv from 'ajv/dist/2020.js';
import net from 'node:net';
import { text } from 'node:stream/consumers';

const { url, token, auditorToken } = JSON.parse(await text(process.stdin));
const gateway = new URL(url);

// The line: hands on what is said, and breaks where it is told to.
let cutAt = () => -1;
const gets = [];
const line = net.createServer((near) => {
  const far = net.connect(Number(gateway.port), gateway.hostname);
  const end = () => { near.destroy(); far.destroy(); };
  near.on('data', (d) => {
    if (/^GET .*\r\n(.*\r\n)*last-event-id:/i.test(d.toString())) gets.push(Date.now());
    far.write(d);
  });
  far.on('data', (d) => {
    const at = cutAt(d.toString('latin1'));
    if (at < 0) near.write(d);
    else { cutAt = () => -1; near.write(d.subarray(0, at), end); }
  });
  for (const socket of [near, far]) socket.on('error', end).on('close', end);
});
await new Promise((ready) => line.listen(0, '127.0.0.1', ready));

const connect = async (bearer, base) => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', base), { requestInit: { headers: { authorization: `Bearer ${bearer}` } } }));
  return client;
};
const rest = async (path, body) => {
  const answer = await fetch(new URL(path, url), {
    method: body ? 'POST' : 'GET', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body),
  });
  return answer.json();
};

const report = {};
const client = await connect(token, `http://127.0.0.1:${line.address().port}`);
const { tools } = await client.listTools();
report.tools = tools.map((t) => t.name);
const ajv = new Ajv({ strict: false, formats: { int32: true, double: true, 'date-time': true } });
for (const tool of tools) { ajv.compile(tool.inputSchema); ajv.compile(tool.outputSchema); }
report.sendTask = tools.find((t) => t.name === 'send_task');
report.server = client.getServerVersion();

// The same twice is one; something else is another.
const task = { type: 'invoice.check', fromRole: 'sales', toRole: 'finance', payload: { invoice: 7 } };
const sent = await client.callTool({ name: 'send_task', arguments: task });
const again = await client.callTool({ name: 'send_task', arguments: { ...task, payload: { invoice: 7 } } });
const other = await client.callTool({ name: 'send_task', arguments: { ...task, payload: { invoice: 8 } } });
report.sent = [sent, again, other].map((r) => ({ id: r.structuredContent.task.id, replayed: r._meta?.['agentplatform/replayed'] ?? false }));

// What is followed tells how it goes. The first line breaks while it waits, and the task ends when the client is back.
const id = sent.structuredContent.task.id;
cutAt = (said) => (said.includes('retry: 1000') ? said.length : -1);
const progress = [];
const waited = client.callTool({ name: 'await_task', arguments: { id, waitSeconds: 60 } }, undefined, { onprogress: (p) => progress.push(p), timeout: 60_000 });
while (gets.length === 0) await new Promise((later) => setTimeout(later, 20));
while (progress.length === 0) await new Promise((later) => setTimeout(later, 20));
await rest(`/v1/tasks/${id}:transition`, { status: 'ROLE_TASK_STATUS_CANCELLED' });
report.awaited = { task: (await waited).structuredContent.task, progress, reconnects: gets.length };

// The second breaks when a change is done and its answer is on the way.
cutAt = (said) => (said.includes('structuredContent') ? said.indexOf('event: message') : -1);
const lost = await client.callTool({ name: 'send_task', arguments: { ...task, toRole: 'lost-and-found' } });
const there = await rest('/v1/tasks?toRole=lost-and-found');
report.lost = { id: lost.structuredContent.task.id, there: there.tasks.map((t) => t.id), reconnects: gets.length };

// An approval that nobody decides is waited for in vain, and says so; what is refused is for the model to read.
const approval = await client.callTool({ name: 'request_approval', arguments: { approverRole: 'OPERATOR', action: 'invoice.send', reason: 'It is due.', arguments: { amount: 12 } } });
const pending = await client.callTool({ name: 'await_approval', arguments: { id: approval.structuredContent.approval.id, waitSeconds: 1 } });
report.approval = pending.structuredContent.approval;
report.refused = await client.callTool({ name: 'get_session', arguments: { id: '0197a3c1-5d2e-7b40-9c11-3f6a8e2d7b90' } });
report.wrong = await client.callTool({ name: 'send_task', arguments: { type: 'x', idempotencyKey: 'mine', colour: 'red' } });
report.malformed = await client.callTool({ name: 'list_sessions', arguments: { pageSize: 'many' } });
report.unknown = await client.callTool({ name: 'drop_tables' }).catch((e) => ({ code: e.code }));

// Sessions and files are resources.
const session = (await rest('/v1/sessions', { role: 'finance', task: 'Check the invoice' })).session;
report.notified = (await client.callTool({ name: 'notify', arguments: { sessionId: session.id, type: 'agent.note', message: 'Half of it is done.' } })).structuredContent;
report.status = (await client.callTool({ name: 'fetch_status', arguments: { id: session.id } })).structuredContent;
report.templates = (await client.listResourceTemplates()).resourceTemplates.map((t) => t.uriTemplate);
report.resources = [];
for (let cursor; ;) {
  const page = await client.listResources({ cursor });
  report.resources.push(...page.resources);
  if (!(cursor = page.nextCursor)) break;
}
report.file = (await client.readResource({ uri: 'agentplatform://vault/prices%20of%202026/list.csv' })).contents;
report.large = await client.readResource({ uri: 'agentplatform://vault/large.csv' }).catch((e) => ({ code: e.code, message: e.message }));
report.table = (await client.callTool({ name: 'read_table', arguments: { path: 'prices of 2026/list.csv' } })).structuredContent;
report.tooMuch = await client.callTool({ name: 'read_table', arguments: { path: 'prices of 2026/list.csv', rowCount: 501 } });
report.session = JSON.parse((await client.readResource({ uri: `agentplatform://sessions/${session.id}` })).contents[0].text);
report.missing = await client.readResource({ uri: 'agentplatform://vault/../etc/passwd.csv' }).catch((e) => ({ code: e.code, message: e.message }));
report.none = await client.readResource({ uri: 'agentplatform://vault/none.csv' }).catch((e) => ({ code: e.code, message: e.message }));
await client.close();

// A signal takes a call back, and the gateway ends it.
const heard = [];
const taker = new Client({ name: 'test', version: '1' });
await taker.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), {
  requestInit: { headers: { authorization: `Bearer ${token}` } },
  fetch: async (...asked) => {
    const answer = await fetch(...asked);
    if (!answer.body || !String(asked[1]?.body).includes('await_task')) return answer;
    const [mine, theirs] = answer.body.tee();
    heard.push(text(mine));
    return new Response(theirs, { status: answer.status, headers: answer.headers });
  },
}));
const taking = new AbortController();
const error = await taker.callTool({ name: 'await_task', arguments: { id: other.structuredContent.task.id, waitSeconds: 60 } }, undefined, { signal: taking.signal, onprogress: () => taking.abort('enough') })
  .catch((e) => String(e));
report.takenBack = { error: String(error), said: await heard[0] };
await taker.close();

const auditor = await connect(auditorToken, url);
report.auditorTools = (await auditor.listTools()).tools.map((t) => t.name);
report.denied = await auditor.callTool({ name: 'send_task', arguments: task });
await auditor.close();
line.close();
console.log(JSON.stringify(report));
