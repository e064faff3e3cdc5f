// Runs the agent: GATEWAY (host:port), TOKEN, AGENT_ID, PROTOS (the contracts' folder), MACHINE_KEY and UPDATES (a folder for what it installs) are its environment; with TLS also
// AUTHORITY (what the gateway is checked by), CERTIFICATE and KEY (the agent's own), PEM files.
// Each event is a line of JSON on stdout. It ends when stdin does, and with the code 3 when it may not go on.
import { Agent } from './agent.mjs';
import { Platform } from './platform.mjs';
import { Telemetry } from './telemetry.mjs';
import { Updates } from './updates.mjs';

const { GATEWAY, TOKEN, AGENT_ID, PROTOS, MACHINE_KEY, UPDATES, AUTHORITY, CERTIFICATE, KEY } = process.env;
const lookEveryMs = 10 * 60_000;
const say = (event, facts) => process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);

const platform = new Platform(GATEWAY, TOKEN, PROTOS, AUTHORITY && { authority: AUTHORITY, certificate: CERTIFICATE, key: KEY });
const agent = new Agent(platform, AGENT_ID, MACHINE_KEY);
for (const event of ['registered', 'welcome', 'beat', 'configured', 'task', 'settled', 'broken']) agent.on(event, (facts) => say(event, facts));

const telemetry = new Telemetry(platform);
agent.on('beat', () => telemetry.measure().then(() => say('measured'), (error) => say('not measured', { message: error.message })));

const updates = new Updates(platform, UPDATES);
const look = () => updates.look().then(() => say('updated'), (error) => say('not updated', { message: error.message }));
agent.once('registered', () => {
  look();
  setInterval(look, lookEveryMs);
});

process.stdin.on('end', () => process.exit(0)).resume();
say('fenced', { reason: await agent.run() });
process.stdout.write('', () => process.exit(3));
