import { kinds, startJobs } from './jobs.js'

// A program that ends without disposing of its team: the test sees whether the process ends as well.
const { team, run } = await startJobs({ threads: 2 })
// as text: numbers come out in colour where that is forced
console.log(`${await team.ready()} ${run(kinds.count)}`)
