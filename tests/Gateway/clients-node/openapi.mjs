// Is the document that comes on stdin valid OpenAPI 3.1, is each of its schemas a valid JSON Schema, is each example of a request what its schema says, and are the
// answers in `answers` (operationId → JSON as it was answered) what the document says of them? Prints a report as JSON.
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { text } from 'node:stream/consumers';

const { document, answers } = JSON.parse(await text(process.stdin));
const problems = [];
const validator = new Validator();
const verdict = await validator.validate(structuredClone(document));
if (!verdict.valid) problems.push(`OpenAPI: ${JSON.stringify(verdict.errors)}`);

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: 'https://gateway.test/openapi.json', ...document });
// Formats of OpenAPI that are hints and no rules.
ajv.addFormat('int32', true);
const check = (what, schema, value) => {
  const validate = ajv.compile({ $id: `https://gateway.test/${encodeURIComponent(what)}`, ...relocated(schema) });
  if (value !== undefined && !validate(value)) problems.push(`${what}: ${ajv.errorsText(validate.errors)}`);
};
const relocated = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"https://gateway.test/openapi.json#/'));

for (const [name, schema] of Object.entries(document.components.schemas)) check(`schema ${name}`, schema, schema.examples?.[0]);
let examples = 0;
let answered = 0;
for (const [path, verbs] of Object.entries(document.paths)) {
  for (const [verb, operation] of Object.entries(verbs)) {
    const body = operation.requestBody?.content['application/json'];
    if (body) {
      check(`example of ${operation.operationId}`, body.schema, body.example);
      examples++;
    }
    for (const parameter of operation.parameters) if (parameter.schema) check(`${parameter.in} ${parameter.name} of ${operation.operationId}`, parameter.schema);
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]).sort().join();
    const described = operation.parameters.filter((p) => p.in === 'path').map((p) => p.name).sort().join();
    if (inPath !== described) problems.push(`${verb} ${path} describes ${described}`);
    const answer = answers[operation.operationId];
    if (answer !== undefined) {
      check(`answer of ${operation.operationId}`, operation.responses[200].content['application/json'].schema, answer);
      answered++;
    }
  }
}
console.log(JSON.stringify({ version: verdict.valid ? validator.version : null, examples, answered, problems }));
