package example;

import com.cossacklabs.themis.AsymmetricKey;
import com.cossacklabs.themis.ISessionCallbacks;
import com.cossacklabs.themis.InvalidArgumentException;
import com.cossacklabs.themis.Keypair;
import com.cossacklabs.themis.KeypairGenerator;
import com.cossacklabs.themis.PrivateKey;
import com.cossacklabs.themis.PublicKey;
import com.cossacklabs.themis.SecureSession;
import com.cossacklabs.themis.SecureSessionException;
import java.nio.charset.StandardCharsets;

/** Keys that come out of storage, and a session that goes there and comes back. */
public class SavedSessions implements ISessionCallbacks {
    private final PublicKey peer;

    private SavedSessions(PublicKey peer) {
        this.peer = peer;
    }

    @Override
    public PublicKey getPublicKeyForId(SecureSession session, byte[] id) {
        return peer;
    }

    @Override
    public void stateChanged(SecureSession session) {}

    @SuppressWarnings("deprecation")
    public static void main(String[] args) throws Exception {
        Keypair a = KeypairGenerator.generateKeypair(AsymmetricKey.KEYTYPE_EC);
        Keypair b = KeypairGenerator.generateKeypair();
        PrivateKey stored = new PrivateKey(a.getPrivateKey().toByteArray());
        SavedSessions ofA = new SavedSessions(b.getPublicKey());
        SavedSessions ofB = new SavedSessions(new PublicKey(a.getPublicKey().toByteArray()));
        SecureSession client = new SecureSession("a".getBytes(StandardCharsets.UTF_8), stored, ofA);
        SecureSession server = new SecureSession("b".getBytes(StandardCharsets.UTF_8), b.getPrivateKey(), ofB);
        try {
            client.save();
        } catch (RuntimeException e) {
            System.out.println(e.getCause().getMessage());
        }
        byte[] answer = server.unwrap(client.generateConnectRequest()).getData();
        byte[] last = server.unwrap(client.unwrap(answer).getData()).getData();
        System.out.println(client.unwrap(last).getDataType());

        byte[] state = client.save();
        client.close();
        SecureSession restored = SecureSession.restore(state, ofA);
        System.out.println(state.length + " bytes, " + restored.isEstablished() + ", " + restored.getState());
        byte[] message = restored.wrap("back again".getBytes(StandardCharsets.UTF_8));
        System.out.println(new String(server.unwrap(message).getData(), StandardCharsets.UTF_8));

        try {
            SecureSession.restore(new byte[60], ofA);
        } catch (SecureSessionException e) {
            System.out.println(e.getMessage());
        }
        try {
            KeypairGenerator.generateKeypair(17);
        } catch (InvalidArgumentException e) {
            System.out.println(e.getMessage());
        }
    }
}
