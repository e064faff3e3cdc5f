// google.protobuf.Struct to and from plain objects.
export const toStruct = (object) => ({ fields: Object.fromEntries(Object.entries(object ?? {}).map(([name, value]) => [name, toValue(value)])) });

export const fromStruct = (struct) => Object.fromEntries(Object.entries(struct?.fields ?? {}).map(([name, value]) => [name, fromValue(value)]));

function toValue(value) {
  if (value === null || value === undefined) return { nullValue: 'NULL_VALUE' };
  if (Array.isArray(value)) return { listValue: { values: value.map(toValue) } };
  if (typeof value === 'object') return { structValue: toStruct(value) };
  return { [`${typeof value === 'boolean' ? 'bool' : typeof value}Value`]: value };
}

function fromValue(value) {
  switch (value.kind) {
    case 'listValue': return value.listValue.values.map(fromValue);
    case 'structValue': return fromStruct(value.structValue);
    case 'nullValue': return null;
    default: return value[value.kind];
  }
}
