// Calls the gateway by gRPC in all four ways, as a program in another language does, and prints what came of it as JSON.
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { text } from 'node:stream/consumers';

const { gateway, protos, agentToken } = JSON.parse(await text(process.stdin));
const files = ['registry/v1/registry.proto', 'registry/v1/connect.proto', 'registry/v1/telemetry.proto', 'session/v1/session.proto'].map((f) => `agentplatform/${f}`);
const { registry, session } = grpc.loadPackageDefinition(loadSync(files, { includeDirs: [protos], longs: String, enums: String, oneofs: true })).agentplatform;
const credentials = grpc.credentials.createInsecure();
const sessions = new session.v1.SessionService(gateway, credentials);
const registrations = new registry.v1.RegistryService(gateway, credentials);
const links = new registry.v1.AgentLinkService(gateway, credentials);
const telemetry = new registry.v1.TelemetryService(gateway, credentials);

const metadata = (more = {}) => {
  const made = new grpc.Metadata();
  for (const [name, value] of Object.entries({ authorization: `Bearer ${agentToken}`, ...more })) made.set(name, value);
  return made;
};
// The answer, or the refusal, of a call whose answer is one message; with what came around it.
const once = (start) => new Promise((resolve) => {
  const seen = {};
  const call = start((error, answer) => queueMicrotask(() => resolve({ ...seen, code: error?.code ?? 0, details: error?.details, answer })));
  call.on('metadata', (m) => { seen.headers = m.getMap(); });
  call.on('status', (s) => { seen.trailers = s.metadata.getMap(); });
});
const next = (call, wanted) => new Promise((resolve, reject) => {
  const take = (message) => { if (wanted(message)) { call.off('data', take); resolve(message); } };
  call.on('data', take).on('error', reject).on('end', () => reject(new Error('it ended')));
});
const ended = (call) => new Promise((resolve) => call.on('error', () => {}).on('status', (s) => resolve(s.code)));

const report = {};

// Unary, with metadata both ways; a repeat is answered from store; a refusal has its code; a deadline that has passed is one.
const create = (more, options = {}) => once((done) => sessions.createSession({ role: 'finance' }, metadata(more), options, done));
const first = await create({ 'idempotency-key': 'node-1', 'x-correlation-id': 'node-correlation' });
const repeat = await create({ 'idempotency-key': 'node-1' });
const id = first.answer.session.id;
report.unary = {
  status: first.answer.session.status, correlation: first.headers['x-correlation-id'], same: repeat.answer.session.id === id, replayed: repeat.trailers['idempotency-replayed'] ?? repeat.headers['idempotency-replayed'],
};
report.refused = (await once((done) => sessions.getSession({ id: 'nothing' }, metadata(), done))).code;
report.late = (await create({}, { deadline: Date.now() - 1 })).code;

// Server stream: followed, given up by its caller, and ended by its deadline.
const watch = sessions.watchSession({ id }, metadata());
const cancelled = ended(watch);
report.watched = (await next(watch, (m) => m.session)).session.id === id;
watch.cancel();
report.cancelled = await cancelled;
const short = sessions.watchSession({ id }, metadata(), { deadline: Date.now() + 1_500 });
const expired = ended(short);
short.on('data', () => {});
report.expired = await expired;

// Both ways: a hello is welcomed, a heartbeat answered, and the end is the caller's.
const registered = await once((done) => registrations.registerAgent({ platform: 'LINUX', version: '1.0.0' }, metadata(), done));
const epoch = registered.answer.agent.epoch;
const link = links.connect(metadata());
const closed = ended(link);
const welcomed = next(link, (m) => m.message === 'welcome');
link.write({ hello: { epoch } });
await welcomed;
const answered = next(link, (m) => m.message === 'answer');
link.write({ number: 7, heartbeat: { epoch } });
report.answered = (await answered).answer.number;
link.end();
report.closed = await closed;

// Client stream: many messages, one answer.
const streamed = await once((done) => {
  const call = telemetry.streamTelemetry(metadata(), done);
  for (let i = 0; i < 3; i++) call.write({ points: [{ time: { seconds: Math.floor(Date.now() / 1000) - i }, cpuPercent: 10 * i }] });
  call.end();
  return call;
});
report.streamed = { code: streamed.code, accepted: streamed.answer?.accepted };

for (const client of [sessions, registrations, links, telemetry]) client.close();
console.log(JSON.stringify(report));
