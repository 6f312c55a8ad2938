export { classNames, renderSample, SAMPLE_SIZE } from './render.js'
export { generalistFolder, subTasks, writeSampleTask, type SampleTask, type SampleTaskOptions } from './sample-task.js'
