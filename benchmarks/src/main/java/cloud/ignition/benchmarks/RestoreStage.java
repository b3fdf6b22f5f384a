package cloud.ignition.benchmarks;

/** A stage of a restore, as one of the contenders tells them apart. */
interface RestoreStage {
    /** Its place in the contender's order, from 0. */
    int number();

    /** As an enum has it. */
    String name();
}
