// The queue, whichever the environment names.
const queue = await import(process.env.TASKS_QUEUE ? "./tasks.js" : "./qstash.js");

export const { publish, isGenuine, attemptOf, unusable } = queue;
