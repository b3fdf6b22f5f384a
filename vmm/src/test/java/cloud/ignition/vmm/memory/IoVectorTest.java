package cloud.ignition.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class IoVectorTest {
    @Test
    void removesFromTheFront() {
        IoVector vector = new IoVector(3);
        vector.add(0x1000, 10);
        vector.add(0x2000, 20);
        vector.add(0x3000, 30);
        assertThat(vector.room()).isZero();
        vector.removeFirst(2);
        assertThat(vector.count()).isEqualTo(1);
        assertThat(vector.address(0)).isEqualTo(0x3000);
        assertThat(vector.length(0)).isEqualTo(30);
        assertThat(vector.totalBytes()).isEqualTo(30);
    }

    @Test
    void skipsBytesInsideAPiece() {
        IoVector vector = new IoVector(3);
        vector.add(0x1000, 10);
        vector.add(0x2000, 20);
        vector.add(0x3000, 30);
        vector.skip(0);
        assertThat(vector.count()).isEqualTo(3);
        vector.skip(10);
        assertThat(vector.address(0)).isEqualTo(0x2000);
        vector.skip(25);
        assertThat(vector.count()).isEqualTo(1);
        assertThat(vector.address(0)).isEqualTo(0x3005);
        assertThat(vector.length(0)).isEqualTo(25);
        assertThat(vector.totalBytes()).isEqualTo(25);
        vector.skip(25);
        assertThat(vector.count()).isZero();
        assertThatThrownBy(() -> vector.skip(1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void takesAllPiecesOfAnother() {
        IoVector head = new IoVector(3);
        head.add(0x1000, 10);
        IoVector rest = new IoVector(4);
        rest.add(0x2000, 20);
        rest.add(0x3000, 30);
        head.addAll(rest);
        assertThat(head.count()).isEqualTo(3);
        assertThat(head.address(2)).isEqualTo(0x3000);
        assertThat(head.totalBytes()).isEqualTo(60);
        assertThatThrownBy(() -> head.addAll(rest)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void isNeverOverfilled() {
        IoVector vector = new IoVector(1);
        vector.add(1, 1);
        assertThatThrownBy(() -> vector.add(2, 2)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new IoVector(1025)).isInstanceOf(IllegalArgumentException.class);
    }
}
