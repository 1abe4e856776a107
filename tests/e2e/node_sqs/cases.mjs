// What the vendor's own client for Node makes of a fake SQS, case by case; `sqs_cases.py` plays the
// same cases. It prints one line of JSON.

import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";

const client = new SQSClient({});
const told = {};

function ask(Command, fields) {
  return client.send(new Command(fields));
}

// The code of an error as older clients show it; empty when there was none.
async function refusal(act) {
  try {
    await act();
  } catch (error) {
    return [error.Code ?? error.name];
  }
  return [];
}

async function taken(url, options = {}) {
  const found = await ask(ReceiveMessageCommand, {
    QueueUrl: url,
    MaxNumberOfMessages: 10,
    MessageAttributeNames: ["All"],
    MessageSystemAttributeNames: ["All"],
    ...options,
  });
  return found.Messages ?? [];
}

async function bodies(url, options) {
  return (await taken(url, options)).map((one) => one.Body).sort();
}

async function counts(url) {
  const names = ["", "NotVisible", "Delayed"].map((name) => `ApproximateNumberOfMessages${name}`);
  const found = await ask(GetQueueAttributesCommand, { QueueUrl: url, AttributeNames: names });
  return names.map((name) => found.Attributes[name]);
}

async function created(name, attributes) {
  const made = await ask(CreateQueueCommand, { QueueName: name, Attributes: attributes });
  return made.QueueUrl;
}

async function messages() {
  const url = await created("plain");
  told["url"] = (await ask(GetQueueUrlCommand, { QueueName: "plain" })).QueueUrl === url;
  told["no queue"] = await refusal(() => ask(GetQueueUrlCommand, { QueueName: "other" }));
  const sent = await ask(SendMessageCommand, {
    QueueUrl: url,
    MessageBody: "hé",
    MessageAttributes: {
      kind: { DataType: "String", StringValue: "x" },
      raw: { DataType: "Binary", BinaryValue: Uint8Array.of(0, 1) },
    },
  });
  told["sent"] = [sent.MD5OfMessageBody, sent.MD5OfMessageAttributes];
  await ask(SendMessageCommand, { QueueUrl: url, MessageBody: "late", DelaySeconds: 900 });
  const [first] = await taken(url, { VisibilityTimeout: 0 });
  told["same"] = first.MessageId === sent.MessageId;
  told["raw"] = [...first.MessageAttributes.raw.BinaryValue];
  told["system"] = Object.keys(first.Attributes).sort();
  const [again] = await taken(url);
  told["count"] = again.Attributes.ApproximateReceiveCount;
  told["hidden"] = await bodies(url);
  told["counts"] = await counts(url);
  const handle = again.ReceiptHandle;
  await ask(ChangeMessageVisibilityCommand, {
    QueueUrl: url,
    ReceiptHandle: handle,
    VisibilityTimeout: 0,
  });
  const [latest] = await taken(url);
  await ask(DeleteMessageCommand, { QueueUrl: url, ReceiptHandle: latest.ReceiptHandle });
  told["deleted"] = await counts(url);
  told["no handle"] = await refusal(() =>
    ask(DeleteMessageCommand, { QueueUrl: url, ReceiptHandle: "x" }),
  );
  told["too late"] = await refusal(() =>
    ask(SendMessageCommand, { QueueUrl: url, MessageBody: "x", DelaySeconds: 901 }),
  );
  told["bad"] = await refusal(() => ask(SendMessageCommand, { QueueUrl: url, MessageBody: "\0" }));
  told["too many"] = await refusal(() =>
    ask(ReceiveMessageCommand, { QueueUrl: url, MaxNumberOfMessages: 11 }),
  );
  await ask(PurgeQueueCommand, { QueueUrl: url });
  told["purged"] = await counts(url);
}

async function batches() {
  const url = await created("batches");
  const entries = [0, 1, 2].map((number) => ({ Id: `e${number}`, MessageBody: `${number}` }));
  const done = await ask(SendMessageBatchCommand, { QueueUrl: url, Entries: entries });
  told["batch"] = done.Successful.map((one) => one.Id).sort();
  const wrong = {
    empty: [],
    eleven: Array.from({ length: 11 }, (_, number) => ({ Id: `e${number}`, MessageBody: "x" })),
    twice: [1, 2].map(() => ({ Id: "e", MessageBody: "x" })),
  };
  for (const [name, Entries] of Object.entries(wrong)) {
    told[name] = await refusal(() => ask(SendMessageBatchCommand, { QueueUrl: url, Entries }));
  }
  const handles = (await taken(url)).map((one, number) => ({
    Id: `h${number}`,
    ReceiptHandle: one.ReceiptHandle,
  }));
  const gone = await ask(DeleteMessageBatchCommand, {
    QueueUrl: url,
    Entries: [...handles, { Id: "none", ReceiptHandle: "x" }],
  });
  told["gone"] = gone.Successful.map((one) => one.Id).sort();
  told["not gone"] = (gone.Failed ?? []).map((one) => one.Id);
}

async function deadLetters() {
  const dead = await created("dead");
  const found = await ask(GetQueueAttributesCommand, {
    QueueUrl: dead,
    AttributeNames: ["QueueArn"],
  });
  const policy = { deadLetterTargetArn: found.Attributes.QueueArn, maxReceiveCount: 2 };
  const url = await created("redriven", { RedrivePolicy: JSON.stringify(policy) });
  await ask(SendMessageCommand, { QueueUrl: url, MessageBody: "poison" });
  told["seen"] = [];
  for (let time = 0; time < 3; time += 1) {
    told["seen"].push(await bodies(url, { VisibilityTimeout: 0 }));
  }
  told["dead"] = await bodies(dead);
  const sources = await ask(ListDeadLetterSourceQueuesCommand, { QueueUrl: dead });
  told["sources"] = JSON.stringify(sources.queueUrls) === JSON.stringify([url]);
}

async function fifo() {
  const url = await created("order.fifo", { FifoQueue: "true" });
  const send = (body, group, dedup) =>
    ask(SendMessageCommand, {
      QueueUrl: url,
      MessageBody: body,
      MessageGroupId: group,
      MessageDeduplicationId: dedup,
    });
  const first = await send("a1", "a", "1");
  await send("a2", "a", "2");
  await send("b1", "b", "3");
  const again = await send("a1", "a", "1");
  told["same id"] = again.MessageId === first.MessageId;
  told["same place"] = again.SequenceNumber === first.SequenceNumber;
  const found = await ask(ReceiveMessageCommand, { QueueUrl: url, MaxNumberOfMessages: 1 });
  told["first"] = found.Messages.map((one) => one.Body);
  told["others"] = await bodies(url);
  await ask(DeleteMessageCommand, {
    QueueUrl: url,
    ReceiptHandle: found.Messages[0].ReceiptHandle,
  });
  const [after] = await taken(url);
  told["after"] = after.Body;
  await ask(DeleteMessageCommand, { QueueUrl: url, ReceiptHandle: after.ReceiptHandle });
  await send("a1", "a", "1");
  told["remembered"] = await bodies(url);
  told["no group"] = await refusal(() =>
    ask(SendMessageCommand, { QueueUrl: url, MessageBody: "x" }),
  );
  told["no dedup"] = await refusal(() =>
    ask(SendMessageCommand, { QueueUrl: url, MessageBody: "x", MessageGroupId: "a" }),
  );
}

await messages();
await batches();
await deadLetters();
await fifo();
console.log(JSON.stringify(told));
