package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.UserException;
import org.eclipse.jetty.http.HttpStatus;

/** A refused request: HTTP status, code for programs, one line for people. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;

    private ApiException(int status, String code, String message) {
        super(oneLine(message));
        this.status = status;
        this.code = code;
    }

    /** 400: the request cannot be understood or is out of range. */
    static ApiException badRequest(String message) {
        return new ApiException(HttpStatus.BAD_REQUEST_400, UserException.INVALID, message);
    }

    /** 404: the API has no such path. */
    static ApiException noSuchPath(String path) {
        return new ApiException(
                HttpStatus.NOT_FOUND_404,
                UserException.NOT_FOUND,
                "the API has no path '" + path + "'; see docs/api.md");
    }

    /** 405: the path exists, but not for this method. */
    static ApiException wrongMethod(String method, String path, String allowed) {
        return new ApiException(
                HttpStatus.METHOD_NOT_ALLOWED_405,
                "method-not-allowed",
                "method " + method + " is not allowed for '" + path + "'; use " + allowed);
    }

    /** 413: the body is over the limit. */
    static ApiException tooLarge() {
        return new ApiException(
                HttpStatus.PAYLOAD_TOO_LARGE_413,
                "too-large",
                "the request body is larger than " + ApiLimits.BODY_BYTES + " bytes; send less");
    }

    /** Any exception of a handler as the answer it becomes; a programming error becomes a 500 without its details. */
    static ApiException of(Throwable failure) {
        return switch (failure) {
            case ApiException e -> e;
            case UserException e -> new ApiException(statusOf(e.code()), e.code(), e.getMessage());
            default ->
                new ApiException(
                        HttpStatus.INTERNAL_SERVER_ERROR_500,
                        "internal",
                        "internal error in the daemon (" + failure.getClass().getSimpleName()
                                + "); see the daemon's log");
        };
    }

    private static int statusOf(String code) {
        return switch (code) {
            case UserException.INVALID -> HttpStatus.BAD_REQUEST_400;
            case UserException.NOT_FOUND -> HttpStatus.NOT_FOUND_404;
            case UserException.CONFLICT -> HttpStatus.CONFLICT_409;
            case UserException.UNAVAILABLE -> HttpStatus.SERVICE_UNAVAILABLE_503;
            case UserException.FAILED -> HttpStatus.BAD_GATEWAY_502;
            default -> HttpStatus.INTERNAL_SERVER_ERROR_500;
        };
    }

    /** What the client sent may be in the message, and the message goes into the log: no line ends, no escapes, no end. */
    private static String oneLine(String message) {
        StringBuilder line = new StringBuilder();
        message.chars()
                .limit(ApiLimits.MESSAGE_CHARS)
                .forEach(c -> line.append(Character.isISOControl(c) || isLineEnd(c) ? '?' : (char) c));
        return message.length() > ApiLimits.MESSAGE_CHARS ? line.append('…').toString() : line.toString();
    }

    private static boolean isLineEnd(int c) {
        return Character.getType(c) == Character.LINE_SEPARATOR
                || Character.getType(c) == Character.PARAGRAPH_SEPARATOR;
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
