// A second verifier of audit exports, written from docs/audit-format.md alone, with nothing but Node.
// Usage: node verify.mjs EXPORT ANCHOR-or-'' KEY.pem… It exits 0 when all holds, and 1 at the first break, which it names.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [exportFile, anchorFile, ...keyFiles] = process.argv.slice(2);

const order = ['event_id', 'occurred_at', 'recorded_at', 'agent_id', 'agent_version', 'principal', 'roles', 'service', 'operation', 'resource', 'outcome',
    'error_message', 'execution_time_ms', 'authorized_by', 'session_id', 'correlation_id', 'trace_id', 'source_address', 'metadata', 'redactions'];
const members = {
    header: ['kind', 'format', 'exported_at', 'start', 'end'],
    entry: ['kind', 'shard', 'position', ...order, 'previous_hash', 'hash'],
    checkpoint: ['kind', 'shard', 'number', 'position', 'hash', 'time', 'key_id', 'signature'],
    end: ['kind', 'shards', 'key_id', 'signature'],
};
function check(isRight, problem, { shard, position } = {}) {
    if (isRight) return;
    console.error(`BREAK${shard === undefined ? '' : ` shard ${shard} position ${position}`}: ${problem}`);
    process.exit(1);
}
process.on('uncaughtException', e => check(false, `a line cannot be read: ${e.message}`));
const utf8 = s => Buffer.from(s, 'utf8');
const packed = (bytes, write) => { const buffer = Buffer.alloc(bytes); write(buffer); return buffer; };
const [u32, int] = [n => packed(4, b => b.writeUInt32BE(n)), n => packed(8, b => b.writeBigInt64BE(BigInt(n)))];
const double = n => packed(8, b => b.writeDoubleBE(n + 0));
const string = s => Buffer.concat([u32(utf8(s).length), utf8(s)]);
const list = (kind, items, encode) => Buffer.concat([utf8(kind), u32(items.length), ...items.map(encode)]);

function value(v) {
    if (v === null || typeof v === 'boolean') return utf8(v === null ? 'n' : v ? 't' : 'f');
    if (typeof v === 'number') return Buffer.concat([utf8('d'), double(v)]);
    if (typeof v === 'string') return Buffer.concat([utf8('s'), string(v)]);
    if (Array.isArray(v)) return list('l', v, value);
    const sorted = Object.entries(v).sort(([a], [b]) => Buffer.compare(utf8(a), utf8(b)));
    return list('o', sorted, ([name, content]) => Buffer.concat([string(name), value(content)]));
}
const encoders = { roles: r => list('', r, string), execution_time_ms: double, metadata: value, redactions: value };
const hashOf = e => createHash('sha256').update('agentplatform.audit.entry.v1').update(Buffer.from(e.previous_hash, 'hex')).update(int(e.shard))
    .update(int(e.position)).update(Buffer.concat(order.map(name => (encoders[name] ?? string)(e[name])))).digest('hex');
const idOf = key => createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex').slice(0, 16);
const keys = new Map(keyFiles.map(file => createPublicKey(readFileSync(file))).map(key => [idOf(key), key]));
const holds = (line, signed) => keys.has(line.key_id) && verify(
    'sha256', utf8([...signed, `key=${line.key_id}`].join('\n')), keys.get(line.key_id), Buffer.from(line.signature, 'base64'));
const checkpointHolds = c => holds(c, ['agentplatform.audit.checkpoint.v1',
    `shard=${c.shard}`, `number=${c.number}`, `position=${c.position}`, `hash=${c.hash}`, `time=${c.time}`]);
function parse(line) {
    const parsed = JSON.parse(line);
    const names = Object.keys(parsed).sort().join();
    check(names === [...members[parsed.kind] ?? []].sort().join(), 'a line has other members than its kind has', parsed);
    return parsed;
}
const linesOf = file => readFileSync(file, 'utf8').split('\n').slice(0, -1).map(parse);
const [anchors, anchored] = [anchorFile ? linesOf(anchorFile) : [], new Map()];
const anchorHolds = line => (anchored.get(`${line.shard}:${line.position}`) ?? line.hash) === line.hash;
for (const c of anchors) {
    check(c.kind === 'checkpoint' && checkpointHolds(c), 'a signature in the anchor does not hold', c);
    check(anchorHolds(c), 'rewritten chain: the anchor has two hashes for it', c);
    anchored.set(`${c.shard}:${c.position}`, c.hash);
}
const lines = linesOf(exportFile), [header, end] = [lines[0], lines.at(-1)];
check(header?.kind === 'header' && header.format === 'agentplatform.audit.export.v1', 'no header of the right format');
check(end.kind === 'end', 'truncated: there is no end line');
let last, checkpoint, shards = [];
for (const line of lines.slice(1, -1)) {
    if (line.kind === 'entry') {
        if (line.shard !== last?.shard) {
            check(!(line.shard < last?.shard), 'shards are out of order', line);
            check(line.position > 1 || line.previous_hash === '0'.repeat(64), 'the chain does not begin with zeros', line);
            shards.push({ shard: line.shard, first: line.position });
            checkpoint = undefined;
        } else {
            check(line.position === last.position + 1, `gap, repeat or wrong order after position ${last.position}`, line);
            check(line.previous_hash === last.hash, 'it does not follow the entry before it', line);
            check(line.recorded_at >= last.recorded_at, 'it was recorded before the entry before it', line);
        }
        check(hashOf(line) === line.hash, 'changed: its hash is not that of its fields', line);
        check(anchorHolds(line), 'rewritten chain: the anchor has another hash', line);
        Object.assign(shards.at(-1), { last: line.position, hash: line.hash });
        last = line;
    } else {
        check(line.kind === 'checkpoint', 'a line stands where it does not belong');
        check(checkpointHolds(line), "a checkpoint's signature does not hold", line);
        check(line.shard === last?.shard && line.position === last.position, 'a checkpoint does not follow its entry', line);
        check(line.hash === last.hash, 'rewritten chain: the checkpoint has another hash', line);
        const before = checkpoint?.number ?? (shards.at(-1).first === 1 ? 0 : line.number - 1);
        check(line.number === before + 1, 'a checkpoint is missing', line);
        checkpoint = line;
    }
}
const told = list => list.map(s => `shard=${s.shard} first=${s.first} last=${s.last} hash=${s.hash}`);
check(told(end.shards).join() === told(shards).join(), 'truncated or rewritten: the end line tells of other entries', last);
check(holds(end, [header.format, `exported_at=${header.exported_at}`, `start=${header.start}`, `end=${header.end}`, ...told(end.shards)]),
    "the end line's signature does not hold");
const time = (t, seconds) => new Date(Date.parse(t) + seconds * 1000).toISOString().replace('Z', '000Z');
for (const c of anchors) {
    const read = shards.find(s => s.shard === c.shard);
    const isAsked = (!header.end || c.time < header.end) && (!header.start || c.time >= (read ? header.start : time(header.start, 60)));
    check(c.position <= (read?.last ?? 0) || !isAsked || c.time >= time(header.exported_at, -60), 'truncated: the anchor goes on', c);
}
console.log(`OK ${shards.map(s => `shard ${s.shard}: ${s.first}–${s.last}`).join(', ') || 'no entries'}`);
